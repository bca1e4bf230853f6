package acme

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
)

// remedies are what to do about an address that does not answer a challenge.
func (e *examination) remedies(f fetched) []Remedy {
	if f.Err == nil {
		return nil
	}
	if len(f.Hops) > 1 || refusesRedirect(f.Err) {
		return []Remedy{e.redirectRemedy(f.Err, serverCalled(f.Last().Header.Get("Server"))), e.serveBesideRedirect(f)}
	}
	if r := e.portRemedies(f); r != nil {
		return append(r, e.askOutside(f)...)
	}
	switch code := f.Err.Code; {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return append([]Remedy{e.open(f)}, f.server().aside()...)
	case code/100 == 5:
		log := Remedy{Do: fmt.Sprintf("See the error log of the server at %s: what stands behind it does not answer.", f.addr)}
		return append([]Remedy{log, e.serve(f)}, f.server().aside()...)
	}
	return append([]Remedy{e.serve(f)}, f.server().aside()...)
}

// aside is what lines for a location need beside them, which nginx comes to only
// behind those that stand in the server itself; nothing of another kind.
func (w webServer) aside() []Remedy {
	if w != nginx {
		return nil
	}
	return []Remedy{{
		Do:    "nginx obeys return, rewrite and if of the server itself before any location. Where it has such lines, move them into its location of all else:",
		Paste: "location / {\n    # the lines with return, rewrite and if\n}",
	}}
}

// portRemedies are those of an address that does not speak HTTP; nil where it does.
func (e *examination) portRemedies(f fetched) []Remedy {
	port := e.opts.HTTPPort
	firewall := Remedy{Do: fmt.Sprintf("Open the port in the firewall of %s:", f.addr), Paste: fmt.Sprintf("ufw allow %d/tcp", port)}
	switch f.Err.Kind {
	case http01.ConnectRefused, http01.ConnectReset:
		return []Remedy{
			{Do: fmt.Sprintf("Start the web server on the machine of %s, and see there that it listens:", f.addr), Paste: fmt.Sprintf("ss -ltn 'sport = :%d'", port)},
			{Do: "If it does, a firewall rejects connections. " + firewall.Do, Paste: firewall.Paste},
		}
	case http01.AnswerTimeout:
		return []Remedy{{
			Do:    fmt.Sprintf("The port is open, and the server behind it does not answer. On the machine of %s, see what that is, how it is loaded and what it logs, and start it again:", f.addr),
			Paste: fmt.Sprintf("curl -m 15 -sv -o /dev/null %s\nss -ltnp 'sport = :%d'\nuptime\njournalctl -p warning --since -1h", inShell("http://"+e.at(f.addr)+"/"), port),
		}}
	case http01.ConnectTimeout:
		every := "0.0.0.0/0"
		if f.addr.Is6() {
			every = "::/0"
		}
		return []Remedy{
			firewall,
			{Do: "Or, with nftables:", Paste: fmt.Sprintf("nft insert rule inet filter input tcp dport %d accept", port)},
			{Do: fmt.Sprintf("In a cloud, add to the machine's security group: inbound, TCP, port %d, from %s. Authorities ask from addresses that they do not publish.", port, every)},
		}
	case http01.HostUnreachable:
		return []Remedy{{Do: fmt.Sprintf("Start the machine of %s, or take the address out of %s.", f.addr, e.subject.Name.Display())}}
	case http01.TLSOnHTTP, http01.HTTP2:
		w := serverCalled(f.Last().Header.Get("Server"))
		if w == caddy { // which passes the words on of what stands behind it
			return []Remedy{e.serve(f)}
		}
		return []Remedy{{Do: fmt.Sprintf("Have the server at %s speak plain HTTP/1.1 on port %d, without TLS and HTTP/2. For %s:", f.addr, port, w), Paste: w.plain(e.at(f.addr))}}
	case http01.Reset, http01.Closed, http01.Garbled:
		return []Remedy{{Do: fmt.Sprintf("Let requests for %s through to the server at %s: a firewall that looks into them, or a proxy, cuts them off (BlockedByFirewall).", http01.Path, f.addr)}}
	}
	return nil
}

// askOutside is for a machine behind a NAT, which may not get to its own network's
// public address (hairpin), where nobody else can be asked.
func (e *examination) askOutside(f fetched) []Remedy {
	local, ok := e.opts.Local(f.addr)
	if !unreached(f) || len(e.opts.Vantages) > 0 || !ok || !behindNAT(local, f.addr) {
		return nil
	}
	return []Remedy{{Do: fmt.Sprintf("If this machine (%s) is behind the same NAT as %s, it may be reached from everywhere else: name a [[vantage]] in the inventory, and ask from there.", local, f.addr)}}
}

// behindNAT tells whether an address is translated on the way to another.
func behindNAT(local, target netip.Addr) bool {
	return local.IsPrivate() && !target.IsPrivate() && !target.IsLoopback()
}

// serve has the server at an address answer challenges.
func (e *examination) serve(f fetched) Remedy {
	w := f.server()
	return Remedy{
		Do:    fmt.Sprintf("Have the server at %s answer challenges before anything else. For %s, %s:", e.at(f.addr), w, w.about(e.subject.Name.Display())),
		Paste: w.challenges(e.source(f.addr), false),
	}
}

// serveBesideRedirect is serve for a server that redirects, mostly before it looks
// at anything else.
func (e *examination) serveBesideRedirect(f fetched) Remedy {
	w := f.server()
	where, lines := w.besideRedirect(e.source(f.addr), e.subject.Name.Display())
	return Remedy{
		Do:    fmt.Sprintf("Or have the server at %s answer challenges, and redirect the rest. For %s, %s:", e.at(f.addr), w, where),
		Paste: lines,
	}
}

// open is serve for a server that asks for a password or turns clients away.
func (e *examination) open(f fetched) Remedy {
	w := f.server()
	return Remedy{
		Do:    fmt.Sprintf("Ask nobody for a password there, and turn nobody away. For %s at %s, %s:", w, e.at(f.addr), w.about(e.subject.Name.Display())),
		Paste: w.challenges(e.source(f.addr), true),
	}
}

// source is where the server at an address takes challenges from: a folder where
// the ACME client is on the same machine, or the client's server.
func (e *examination) source(a netip.Addr) source {
	p := e.client()
	if to, ok := e.clientAt(p, a); ok {
		return source{server: to}
	}
	if p.Planter != nil && p.Place().Listen.IsValid() {
		return source{server: p.Place().Listen.String()}
	}
	dir, ok := webrootOf(p.Planter)
	return source{webroot: dir, guessed: !ok}
}

// webrootOf is the folder that a planter, which may be nil, places tokens below; ok
// is false where it has none, and the folder stands for one.
func webrootOf(p plant.Planter) (dir string, ok bool) {
	if p == nil || p.Place().Webroot == "" {
		return someWebroot, false
	}
	return p.Place().Webroot, true
}

// client is the ACME client of the name, as far as it is known. Nothing is placed.
func (e *examination) client() Client {
	if e.opts.Client == nil {
		return Client{}
	}
	return e.opts.Client(e.subject)
}

// clientAt is where the ACME client's web server is asked, seen from the server at
// an address; ok is false where that is the same machine, or nobody knows.
func (e *examination) clientAt(p Client, from netip.Addr) (at string, ok bool) {
	hosts := []Host{p.Host}
	for _, h := range e.subject.hosts() {
		if h.ACMEClient {
			hosts = append(hosts, h)
		}
	}
	if slices.ContainsFunc(hosts, func(h Host) bool { return slices.Contains(h.Addrs, from) }) {
		return "", false
	}
	return e.atHost(hosts, from)
}

// atHost is the first address of hosts, of the family of from where there is one.
func (e *examination) atHost(hosts []Host, from netip.Addr) (at string, ok bool) {
	var all []netip.Addr
	for _, h := range hosts {
		all = append(all, h.Addrs...)
	}
	if len(all) == 0 {
		return "", false
	}
	i := max(0, slices.IndexFunc(all, func(a netip.Addr) bool { return a.Is4() == from.Is4() }))
	return e.at(all[i]), true
}

// redirectRemedy mends the redirect that err is about, of the server that has
// answered with it.
func (e *examination) redirectRemedy(err *http01.Error, w webServer) Remedy {
	paste := w.redirect(e.subject.Name.Display())
	switch err.Kind {
	case http01.MissingSlash:
		return Remedy{Do: fmt.Sprintf("Put the slash behind the host of the redirect. For %s:", w), Paste: paste}
	case http01.RedirectPort:
		return Remedy{Do: fmt.Sprintf("Redirect to port 80 or 443: no authority goes to another one. For %s:", w), Paste: paste}
	case http01.RedirectStatus:
		return Remedy{Do: fmt.Sprintf("Redirect with 301, 302, 307 or 308: no other is followed. For %s:", w), Paste: paste}
	case http01.RedirectLoop, http01.TooManyRedirects:
		return Remedy{Do: "Redirect once, and not in a circle. Behind a proxy that speaks HTTP to its origin, as Cloudflare's mode Flexible, redirect nothing at the origin, or take the mode Full (strict)."}
	case http01.RedirectReserved, http01.RedirectTLD, http01.RedirectHost, http01.RedirectURL, http01.RedirectScheme:
		return Remedy{Do: fmt.Sprintf("Redirect to a public name by http or https, or not at all: %s is none that an authority goes to. For %s:", clipped(err.Location), w), Paste: paste}
	}
	return Remedy{Do: fmt.Sprintf("See that %s can be reached by everybody, or do not redirect challenges.", clipped(err.URL))}
}
