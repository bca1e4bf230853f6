package inventory

import (
	"net/netip"
	"path/filepath"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Inventory is a whole file, checked and resolved: names are absolute,
// addresses parsed, hosts looked up and defaults filled in. It is not changed
// after Load and may be read from several goroutines.
type Inventory struct {
	// Path is the file's path as it was given, Dir the folder it lies in.
	// Relative paths in the file start there; see InFolder.
	Path, Dir string
	// SHA256 is the digest of the file's bytes, in hexadecimal.
	SHA256 string

	Defaults  Defaults
	Verify    Verify
	Check     Check
	Backup    Backup
	Providers []Provider
	Hosts     []Host
	// Zones are in the order of the file.
	Zones     []Zone
	Windows   []Window
	Failovers []Failover
	Vantages  []Vantage
	Notifies  []Notify

	// Warnings are the findings that do not stop anything.
	Warnings Diagnostics

	text *document
}

// The strategies by which a change is made.
const (
	Staged = "staged"
	Direct = "direct"
)

// What happens where a check behind a switch fails.
const (
	Rollback = "rollback"
	Hold     = "hold"
)

// Defaults hold for every record that says nothing else.
type Defaults struct {
	// TTL is the TTL at rest.
	TTL zone.TTL
	// ChangeTTL is the TTL while a change is under way, before the provider's
	// minimum is applied.
	ChangeTTL zone.TTL
	// Settle is how long the new state must stay good before the TTL goes up.
	Settle time.Duration
	// Strategy is Staged or Direct.
	Strategy string
	// OnFailure is Rollback or Hold.
	OnFailure string
	// MaxPlanAge is how old a saved plan may be when it is applied; 0 is no bound.
	MaxPlanAge time.Duration
}

// Verify says who is asked whether a change has arrived.
type Verify struct {
	// Require is "all", "majority" or a positive whole number in decimal.
	Require string
	// Timeout limits each wait for agreement and each verification.
	Timeout time.Duration
	// Rate is the most queries per second to one server; 0 is no bound.
	Rate int
	// Resolvers are the recursive resolvers to ask; none means that none is.
	Resolvers []Resolver
}

// Resolver is a recursive resolver.
type Resolver struct {
	Name string
	// Address is "IP:port"; for the protocol https it may be a URL instead.
	Address string
	// Protocol is udp, tcp, tls or https.
	Protocol string
}

// Backup says how long copies of zones are kept.
type Backup struct {
	// Keep is how old a copy may be; 0 keeps all.
	Keep time.Duration
}

// Check holds settings of the ACME HTTP-01 checks.
type Check struct {
	// HTTPPort is the port that the challenge is fetched from; 80 unless the
	// file says otherwise (RFC 8555, section 8.3).
	HTTPPort int
	// HTTPSPort is the port that certificates are served at, and that a redirect
	// of the challenge may lead to; 443 unless the file says otherwise.
	HTTPSPort int
	// AllowReserved permits addresses that no public authority would connect
	// to, such as loopback and documentation ranges, and new ones that no server
	// can have, such as multicast.
	AllowReserved bool
	// CA is the authority that issues.
	CA CA
	// AccountURI is the ACME account that issues, which CAA records may name (RFC
	// 8657); mostly empty.
	AccountURI string
	// Binding is where the account is kept that an ACME account is bound to.
	Binding Binding
	// Ready is how long after the agreement of the authoritative servers the
	// authority sees a change: its resolvers hold no answer longer. ReadyKnown
	// says that this is known of the authority, or given, and no guess.
	Ready      time.Duration
	ReadyKnown bool
	// Challenge is where tokens are placed for hosts without one; nil is nowhere.
	Challenge *Challenge
}

// Binding is the account at an authority that an ACME account is bound to (RFC
// 8555, section 7.3.4): its key id and its MAC key. Empty references are those that
// the file does not give.
type Binding struct{ KID, Key SecretRef }

// Credentials are where the two are looked for.
func (b Binding) Credentials() (kid, key Credential) {
	return boundBy("eab_kid", b.KID, "EAB_KID", "LEGO_EAB_KID"), boundBy("eab_hmac_key", b.Key, "EAB_HMAC_KEY", "LEGO_EAB_HMAC")
}

func boundBy(key string, given SecretRef, variables ...string) Credential {
	if given != "" {
		return Credential{Key: key, Refs: []SecretRef{given}, Given: true}
	}
	c := Credential{Key: key}
	for _, name := range variables {
		c.Refs = append(c.Refs, SecretRef("env:"+name))
	}
	return c
}

// CA is the certificate authority that issues.
type CA struct {
	// Name is how the file calls it: a name of package authority, or a URL.
	Name string
	// Directory is the URL of its ACME directory.
	Directory string
	// Identities are the names by which CAA records permit it. None are known
	// where neither the file nor package authority has them: then the directory
	// says.
	Identities []string
	// Roots is a file of certificates that are trusted in place of the system's,
	// see Inventory.InFolder; empty is the system's.
	Roots string
}

// Challenge says where a token is placed so that the web server of an ACME
// client serves it. One of its fields is set.
type Challenge struct {
	// Webroot is the folder that is served, see Inventory.InFolder.
	Webroot string
	// Command is a program with its arguments.
	Command []string
	// Listen is where dnsplan itself serves it.
	Listen netip.AddrPort
}

// Provider is what holds zones, with the settings of its type. Settings has a
// value only for keys that were given or that have a default. A secret that was
// given stands there as its reference; see Credentials for one that was not.
type Provider struct {
	Name, Type string
	Settings   map[string]string
}

// Host is a machine with its addresses, sorted.
type Host struct {
	Name       string
	IPv4, IPv6 []netip.Addr
	// ACMEClient says that an ACME client runs there.
	ACMEClient bool
	// Challenge is where tokens are placed for this host; nil is as Check says.
	Challenge *Challenge
}

// Zone is one zone as one view of it.
type Zone struct {
	Name zone.Name
	// View tells two versions of the same zone apart; empty when there is one.
	View     string
	Provider string
	// Servers are the authoritative servers to ask. ServersGiven tells an empty
	// list in the file, which asks nobody, from none, which asks the NS set.
	Servers      []netip.AddrPort
	ServersGiven bool
	// Prune says that live address sets which Records lacks are deleted.
	Prune           bool
	Ignore, Protect []zone.Glob
	// Records are in canonical order (zone.CompareKeys), one a RRset.
	Records []Record
}

// Record is one wanted RRset. Silent attributes have their zero value.
type Record struct {
	zone.Key
	// Addrs are sorted and without duplicates; there is at least one.
	Addrs []netip.Addr
	TTL   zone.TTL
	// Proxied is nil where the file is silent about the name: keep what is live.
	Proxied *bool
	// ACME is "http-01", "dns-01", "none", or empty.
	ACME string
	// TLSRequired says that a new address has to serve a certificate for the name
	// that clients trust before it is switched to.
	TLSRequired bool
	// Group names what moves together. It is equal for all sets of a name.
	Group          string
	Owner, Comment string
	RoundRobin     bool
	// ReplaceCNAME permits deleting a live CNAME at the name.
	ReplaceCNAME bool
	// Hosts are the hosts whose addresses these are; empty for literal ones.
	Hosts []string
	// Probe is what the service behind the addresses is asked; nil is nothing.
	Probe *RecordProbe

	table int // index of the [[zone.record]] table within its zone
}

// RecordProbe is how the service behind a record's addresses shows that it is
// well. Keys that its type does not have are empty.
type RecordProbe struct {
	// Type is ProbeTCP, ProbeHTTP or ProbeTLS.
	Type string
	Port uint16
	// Scheme is "http" or "https".
	Scheme string
	// Host is the name that is asked for, without a final dot.
	Host string
	// Path starts with a slash.
	Path string
	// Status is "200", or "2xx"; empty is any 2xx or 3xx.
	Status string
	// Body must stand in the answer.
	Body string
	// CA is a file of trusted certificates, see Inventory.InFolder; empty is the
	// system's.
	CA string
	// Timeout limits one attempt; whole seconds.
	Timeout time.Duration
}

// RRset returns r as the set that a provider would hold. Proxied is false where
// the file is silent.
func (r Record) RRset() zone.RRset {
	return zone.RRset{Key: r.Key, TTL: r.TTL, Addrs: r.Addrs, Proxied: r.Proxied != nil && *r.Proxied}
}

// Window says when switching is allowed, or with the kind "deny" when it is not.
type Window struct {
	Name, Kind string
	// Cron has the five fields of crontab(5), in the time of Timezone.
	Cron     string
	Duration time.Duration
	// Timezone is a name of the IANA time zone database.
	Timezone string
	// Zones are the zones it holds for: "*" for all, else zone names in
	// canonical form, in which "*" stands for one label and "**" for any.
	Zones []string
}

// Failover is a runbook: what moves from the primary to a standby, and when.
type Failover struct {
	Name string
	// Either Group or Records says what moves.
	Group   string
	Records []zone.Name
	// Primary and Standby are names of hosts; Standby is in order of preference.
	Primary string
	Standby []string
	// TTL is the TTL of the records at rest; 0 where the file is silent.
	TTL zone.TTL
	// Failback is "manual" or "auto".
	Failback string
	Probe    *Probe
}

// Probe is how a host is found well or ill.
type Probe struct {
	// URL holds "{ip}" where the host's address goes.
	URL   string
	Every time.Duration
	// Failures and Successes in a row change the verdict.
	Failures, Successes int
}

// Vantage is another machine that fetches challenges for the ACME checks.
type Vantage struct {
	Name string
	// Either URL or Command says how it is asked: by POST, or by a program whose
	// relative path starts at the inventory's folder.
	URL     string
	Command []string
	// Token is the reference to the bearer token of the URL; empty is none.
	Token SecretRef
	// Timeout limits one request; whole seconds.
	Timeout time.Duration
}

// Notify is where events are told.
type Notify struct {
	URL SecretRef
	On  []string
}

// InFolder resolves a path of the file: a relative one starts at Dir.
func (inv *Inventory) InFolder(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(inv.Dir, path)
}

// Provider returns the provider called name.
func (inv *Inventory) Provider(name string) (Provider, bool) {
	return find(inv.Providers, func(p Provider) bool { return p.Name == name })
}

// Host returns the host called name.
func (inv *Inventory) Host(name string) (Host, bool) {
	return find(inv.Hosts, func(h Host) bool { return h.Name == name })
}

// Zone returns the zone called name in the given view.
func (inv *Inventory) Zone(name zone.Name, view string) (Zone, bool) {
	return find(inv.Zones, func(z Zone) bool { return z.Name == name && z.View == view })
}

// Where returns the line and column at which record r of the zone with index
// i in Zones was given. It reads the text again, so it is for messages only.
// Both are 0 when the inventory did not come from a file.
func (inv *Inventory) Where(i int, r Record) (line, col int) {
	if inv.text == nil {
		return 0, 0
	}
	p := pathOf("zone", i, "record", r.table)
	at := inv.text.locate([]string{p})[p]
	return linesOf(inv.text.data).position(at.key)
}

func find[T any](list []T, is func(T) bool) (T, bool) {
	for _, v := range list {
		if is(v) {
			return v, true
		}
	}
	var none T
	return none, false
}
