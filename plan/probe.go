package plan

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Probe is how the service behind an address shows that it is well: what a
// record's addresses are asked before the switch, and behind it. It is pure
// data; package probe asks.
type Probe struct {
	Type ProbeType `json:"type"`
	Port uint16    `json:"port"`
	// Host is the name that the service is asked by, without a final dot: the
	// Host header of http and the name that TLS asks for. Empty for tcp.
	Host string `json:"host,omitempty"`
	// Scheme is "http" or "https", and Path starts with a slash; http alone has
	// them.
	Scheme string `json:"scheme,omitempty"`
	Path   string `json:"path,omitempty"`
	// Status is the status that http must answer with: "200", or "2xx". Empty is
	// any 2xx or 3xx.
	Status string `json:"status,omitempty"`
	// Body must stand in the answer of http; empty is any answer.
	Body string `json:"body,omitempty"`
	// CA is a file of certificates that are trusted in place of the system's, as
	// the inventory names it. Empty is the system's.
	CA string `json:"ca,omitempty"`
	// Timeout is how many seconds one attempt may take.
	Timeout int64 `json:"timeout_seconds"`
}

// ProbeType is what a probe speaks.
type ProbeType string

// The types of probes.
const (
	// ProbeTCP wants a connection.
	ProbeTCP ProbeType = "tcp"
	// ProbeHTTP wants an answer to a GET.
	ProbeHTTP ProbeType = "http"
	// ProbeTLS wants a certificate that is valid for the name, trusted, and not
	// expired.
	ProbeTLS ProbeType = "tls"
)

// The bounds of a probe.
const (
	// MaxProbeTimeout is in seconds.
	MaxProbeTimeout = 300
	// MaxProbeText is how many bytes a path or a body may have.
	MaxProbeText = 1024
)

// String says what is asked and what must come: "GET http://www.example.org/up
// is answered with 200".
func (p *Probe) String() string {
	port := strconv.Itoa(int(p.Port))
	switch p.Type {
	case ProbeTCP:
		return "port " + port + " takes a connection"
	case ProbeTLS:
		return "port " + port + " has a valid certificate for " + p.Host
	}
	out := "GET " + p.URL() + " is answered with " + p.WantStatus()
	if p.Body != "" {
		out += fmt.Sprintf(" and %q", p.Body)
	}
	return out
}

// URL is what a probe of type http fetches; the port stands there where it is
// not the scheme's own.
func (p *Probe) URL() string {
	host := p.Host
	if own := map[string]uint16{"http": 80, "https": 443}[p.Scheme]; p.Port != own {
		host += ":" + strconv.Itoa(int(p.Port))
	}
	return p.Scheme + "://" + host + p.Path
}

// WantStatus says which status a probe of type http wants.
func (p *Probe) WantStatus() string {
	if p.Status == "" {
		return "2xx or 3xx"
	}
	return p.Status
}

// TakesStatus tells whether an HTTP status is a good one.
func (p *Probe) TakesStatus(code int) bool {
	class, any := strings.CutSuffix(p.Status, "xx")
	switch {
	case p.Status == "":
		return code/100 == 2 || code/100 == 3
	case any:
		return strconv.Itoa(code/100) == class
	}
	return strconv.Itoa(code) == p.Status
}

// isProbeStatus tells whether text is a status, as "200", or a class of them, as
// "2xx".
func isProbeStatus(text string) bool {
	return len(text) == 3 && text[0] >= '1' && text[0] <= '5' &&
		(text[1:] == "xx" || isDigit(text[1]) && isDigit(text[2]))
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// check tells what the inventory would not have let through.
func (p *Probe) check() error {
	switch {
	case p.Port == 0:
		return errors.New("no port")
	case p.Timeout < 1 || p.Timeout > MaxProbeTimeout:
		return fmt.Errorf("timeout_seconds %d", p.Timeout)
	case len(p.Path) > MaxProbeText || len(p.Body) > MaxProbeText:
		return errors.New("a long path or body")
	}
	only := Probe{Type: p.Type, Port: p.Port, Timeout: p.Timeout, Host: p.Host, CA: p.CA}
	switch p.Type {
	case ProbeTCP:
		only.Host, only.CA = "", ""
	case ProbeTLS:
	case ProbeHTTP:
		only.Scheme, only.Path, only.Status, only.Body = p.Scheme, p.Path, p.Status, p.Body
		if err := p.checkHTTP(); err != nil {
			return err
		}
	default:
		return fmt.Errorf("type %q", p.Type)
	}
	if *p != only {
		return fmt.Errorf("more than a probe of type %s has", p.Type)
	}
	if p.Type != ProbeTCP && !isHost(p.Host) {
		return fmt.Errorf("host %q", p.Host)
	}
	return nil
}

func (p *Probe) checkHTTP() error {
	switch {
	case p.Scheme != "http" && p.Scheme != "https":
		return fmt.Errorf("scheme %q", p.Scheme)
	case p.Scheme == "http" && p.CA != "":
		return errors.New("a ca for http")
	case !isProbePath(p.Path):
		return fmt.Errorf("path %q", p.Path)
	case p.Status != "" && !isProbeStatus(p.Status):
		return fmt.Errorf("status %q", p.Status)
	}
	return nil
}

// isProbePath tells whether text can stand as the path, with its query, in the
// first line of a request.
func isProbePath(text string) bool {
	return strings.HasPrefix(text, "/") && strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '#' }) < 0
}

func isHost(text string) bool {
	n, err := zone.ParseName(text)
	return err == nil && n.Display() == text && isProbeHost(n)
}

// isProbeHost tells whether a service can be asked by the name: what a Host
// header and a certificate can hold, so no wildcard.
func isProbeHost(n zone.Name) bool {
	return n != zone.Root && strings.IndexFunc(string(n), func(r rune) bool {
		return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '_' || r == '.')
	}) < 0
}

// checkProbe checks that a probe stands only where something is asked.
func (c *Change) checkProbe() error {
	switch {
	case c.Probe == nil:
		return nil
	case !c.probed():
		return fmt.Errorf("a %s with a probe", c.Action)
	}
	if err := c.Probe.check(); err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	return nil
}

// probed tells whether the change is one behind which the service may be another.
func (c *Change) probed() bool {
	return c.After != nil && (c.Action == Create || c.Action == Update || c.Action == Proxied)
}

// Probing is an address with what it is asked.
type Probing struct {
	Addr  netip.Addr
	Probe *Probe
}

// NewAddresses are the addresses that the switch brings, each with the record's
// probe, and with the certificate that the record requires; none without either.
func (c *Change) NewAddresses() (out []Probing) {
	for _, p := range []*Probe{c.Probe, c.Certificate} {
		if p == nil || !c.probed() {
			continue
		}
		for _, a := range c.Add {
			out = append(out, Probing{a, p})
		}
	}
	return out
}

// Probed tells whether the service is asked behind the switch, through the name.
func (c *Change) Probed() bool { return c.Probe != nil && c.Strategy == Staged && c.probed() }

// probe adds a step that asks the new addresses of ids, unless the step before
// it has just asked them.
func (s *steps) probe(ids []string, group string) {
	asked := slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		c := &s.plan.Changes[index(id)]
		return len(c.NewAddresses())+len(c.Challenged()) == 0
	})
	if n := len(s.out); len(asked) == 0 || n > 0 && s.out[n-1].Kind == StepProbe {
		return
	}
	detail := []string{s.asks(asked), s.asksChallenges(asked)}
	detail = slices.DeleteFunc(detail, func(text string) bool { return text == "" })
	s.add(Step{Kind: StepProbe, Changes: asked, Group: group, Detail: strings.Join(detail, "; ")})
}

// asks says "203.0.113.11: port 25 takes a connection" of one probe, "3 new
// addresses answer their probes" of more; empty of none.
func (s *steps) asks(ids []string) string {
	var all []Probing
	for _, id := range ids {
		all = append(all, s.plan.Changes[index(id)].NewAddresses()...)
	}
	switch len(all) {
	case 0:
		return ""
	case 1:
		return all[0].Addr.String() + ": " + all[0].Probe.String()
	}
	return strconv.Itoa(len(all)) + " new addresses answer their probes"
}

// AlsoProbed ends the detail of steps that ask the service behind the switch.
const AlsoProbed = ", and the service answers its probe"

// alsoProbed returns AlsoProbed where one of ids has a probe.
func (s *steps) alsoProbed(ids []string) string {
	if slices.ContainsFunc(ids, func(id string) bool { return s.plan.Changes[index(id)].Probed() }) {
		return AlsoProbed
	}
	return ""
}
