package inventory

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/authority"
	"github.com/dnsplan/dnsplan/inventory/zone"
)

// ready is the time after which an authority is taken to see a change.
const ready = time.Minute

func (r *resolver) check() {
	t := &r.tables.Check
	r.inv.Check = Check{
		HTTPPort:      r.port(t.HTTPPort, "check.http_port", 80),
		HTTPSPort:     r.port(t.HTTPSPort, "check.https_port", 443),
		AllowReserved: t.AllowReserved != nil && *t.AllowReserved,
		AccountURI:    r.accountURI(t.AccountURI),
		Binding:       Binding{KID: r.reference(t.EABKID, "check.eab_kid"), Key: r.reference(t.EABHMACKey, "check.eab_hmac_key")},
		Challenge:     r.challenge(t.Challenge, "check.challenge"),
	}
	r.authority(t)
}

func (r *resolver) port(n *int64, path string, fallback int) int {
	if n == nil {
		return fallback
	}
	if *n < 1 || *n > 65535 {
		r.add("bad-value", path, "%s is %d, but must be from 1 to 65535", path[strings.LastIndexByte(path, '.')+1:], *n)
	}
	return int(*n)
}

// authority resolves what the file says of the CA, by name or by URL.
func (r *resolver) authority(t *checkTable) {
	name := authority.Names()[0]
	if t.CA != nil {
		name = *t.CA
	}
	known, ok := authority.ByName(name)
	if !ok {
		known, ok = authority.ByDirectory(name)
	}
	if !ok {
		known.Directory = r.directory(name)
	}
	c := &r.inv.Check
	c.CA = CA{Name: name, Directory: known.Directory, Identities: known.Identities}
	if t.CAIdentities != nil {
		c.CA.Identities = r.identities(t.CAIdentities)
	}
	if t.CARoots != nil {
		c.CA.Roots = *t.CARoots
		if c.CA.Roots == "" {
			r.add("bad-value", "check.ca_roots", "ca_roots is empty").fix("name a file, or leave it out")
		}
	}
	c.Ready, c.ReadyKnown = ready, t.Ready != nil || known.Forgets > 0
	if known.Forgets > 0 {
		c.Ready = known.Forgets
	}
	c.Ready = r.duration(t.Ready, "check.ready", c.Ready, 0)
}

// directory checks the URL of an authority that is not known by name.
func (r *resolver) directory(name string) string {
	if isHTTPS(name) {
		return name
	}
	p := r.add("bad-value", "check.ca", "ca is %q, but must be %s, or the https URL of an ACME directory", name, strings.Join(authority.Names(), ", "))
	p.Fix = didYouMean(name, authority.Names())
	return ""
}

func isHTTPS(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && u.Fragment == ""
}

// identities checks the names of a CA, which a CAA record writes as host names.
func (r *resolver) identities(list []string) []string {
	out := []string{}
	for i, text := range list {
		n, err := zone.ParseName(text)
		if err != nil || !isHostName(n) {
			r.add("bad-name", pathOf("check", "ca_identities", i), "%q is not a name of an authority", text).fix("as in letsencrypt.org")
			continue
		}
		if !slices.Contains(out, n.Display()) {
			out = append(out, n.Display())
		}
	}
	if len(list) == 0 {
		r.add("bad-value", "check.ca_identities", "ca_identities is empty").fix("leave it out")
	}
	return out
}

func (r *resolver) accountURI(s *string) string {
	switch {
	case s == nil:
		return ""
	case !isHTTPS(*s):
		r.add("bad-value", "check.accounturi", "accounturi is %q, but must be the https URL of an ACME account", *s)
	}
	return *s
}

// reference checks that a secret is only pointed at.
func (r *resolver) reference(s *string, path string) SecretRef {
	if s == nil {
		return ""
	}
	r.secret(path[strings.LastIndexByte(path, '.')+1:], *s, path)
	return SecretRef(*s)
}

// challenge resolves where tokens are placed: by exactly one way.
func (r *resolver) challenge(t *challengeTable, path string) *Challenge {
	if t == nil {
		return nil
	}
	c := &Challenge{Command: t.Command}
	ways := 0
	if t.Webroot != nil {
		ways++
		c.Webroot = *t.Webroot
		if c.Webroot == "" {
			r.add("bad-value", path+".webroot", "webroot is empty").fix("name the folder that the web server serves")
		}
	}
	if t.Command != nil {
		ways++
		r.command(t.Command, path+".command")
	}
	if t.Listen != nil {
		ways++
		c.Listen = r.listen(*t.Listen, path+".listen")
	}
	switch {
	case ways == 0 && !r.undecoded(path+".webroot", path+".command", path+".listen"):
		r.add("missing-key", path, "challenge says nothing of where tokens are placed").fix("give it webroot, command or listen")
	case ways > 1:
		r.add("bad-value", path, "challenge has several ways to place tokens").fix("leave one of webroot, command and listen")
	}
	return c
}

// command checks a program with its arguments.
func (r *resolver) command(argv []string, path string) {
	if len(argv) == 0 || argv[0] == "" {
		r.add("bad-value", path, "command names no program").fix(`as in ["ssh", "web-02", "place-token"]`)
	}
	for i, arg := range argv {
		if strings.Contains(arg, "\x00") {
			r.add("bad-value", pathOf(path, i), "command: an argument holds a NUL")
		}
	}
}

func (r *resolver) listen(s, path string) netip.AddrPort {
	at, err := netip.ParseAddrPort(s)
	if err != nil || at.Port() == 0 || at.Addr().Zone() != "" {
		r.add("bad-address", path, "listen: %q is not an IP address with a port", s).fix("as in 192.0.2.1:80 or [::]:80")
		return netip.AddrPort{}
	}
	return at
}

// ChallengeOf returns where a token is placed so that a name's ACME client serves
// it, and the host that this is said of. Of the hosts that the name's records
// name, the first with an ACME client is taken, else the first; where none says
// anything, the default with no host. Without that it is the only host with an ACME
// client, which is behind those of the name, as behind a load balancer: which of
// several it would be nobody has said. It is nil where the file names no place.
func (inv *Inventory) ChallengeOf(z Zone, name zone.Name) (c *Challenge, host string) {
	var found *Host
	hosts := inv.hostsOf(z, name)
	for i, h := range hosts {
		if h.Challenge != nil && (found == nil || h.ACMEClient && !found.ACMEClient) {
			found = &hosts[i]
		}
	}
	if found == nil && inv.Check.Challenge == nil && len(hosts) > 0 {
		if all := inv.Clients(); len(all) == 1 && all[0].Challenge != nil {
			found = &all[0]
		}
	}
	if found != nil {
		return found.Challenge, found.Name
	}
	return inv.Check.Challenge, ""
}

// hostsOf are the hosts that the records of a name lead to.
func (inv *Inventory) hostsOf(z Zone, name zone.Name) (out []Host) {
	for _, r := range z.Records {
		if r.Name != name {
			continue
		}
		for _, of := range r.Hosts {
			if h, ok := inv.Host(of); ok {
				out = append(out, h)
			}
		}
	}
	return out
}

// Clients are the hosts that an ACME client runs on.
func (inv *Inventory) Clients() []Host {
	return slices.DeleteFunc(slices.Clone(inv.Hosts), func(h Host) bool { return !h.ACMEClient })
}

// check writes what differs from the defaults.
func (w *writer) check(c Check) {
	var out []func()
	say := func(when bool, line func()) {
		if when {
			out = append(out, line)
		}
	}
	known, _ := authority.ByName(c.CA.Name)
	if known.Name == "" {
		known, _ = authority.ByDirectory(c.CA.Name)
	}
	usual := ready
	if known.Forgets > 0 {
		usual = known.Forgets
	}
	say(c.HTTPPort != 0 && c.HTTPPort != 80, func() { w.number("http_port", c.HTTPPort) })
	say(c.HTTPSPort != 0 && c.HTTPSPort != 443, func() { w.number("https_port", c.HTTPSPort) })
	say(c.AllowReserved, func() { w.flag("allow_reserved", true) })
	say(c.CA.Name != "" && c.CA.Name != authority.Names()[0], func() { w.text("ca", c.CA.Name) })
	say(!slices.Equal(c.CA.Identities, known.Identities), func() { w.list("ca_identities", c.CA.Identities) })
	say(c.CA.Roots != "", func() { w.text("ca_roots", c.CA.Roots) })
	say(c.AccountURI != "", func() { w.text("accounturi", c.AccountURI) })
	say(c.Binding.KID != "", func() { w.text("eab_kid", string(c.Binding.KID)) })
	say(c.Binding.Key != "", func() { w.text("eab_hmac_key", string(c.Binding.Key)) })
	say(c.ReadyKnown && (known.Forgets == 0 || c.Ready != usual), func() { w.span("ready", c.Ready) })
	if len(out) > 0 {
		w.table("[check]")
	}
	for _, line := range out {
		line()
	}
	w.challenge("[check.challenge]", c.Challenge)
}

func (w *writer) challenge(header string, c *Challenge) {
	if c == nil {
		return
	}
	w.table(header)
	w.some("webroot", c.Webroot)
	if c.Command != nil {
		w.list("command", c.Command)
	}
	if c.Listen.IsValid() {
		w.text("listen", c.Listen.String())
	}
}
