package inventory

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// The types of a record's probe.
const (
	ProbeTCP  = "tcp"
	ProbeHTTP = "http"
	ProbeTLS  = "tls"
)

// The bounds of a record's probe.
const (
	longestProbe = 5 * time.Minute
	maxProbeText = 1024 // bytes of a path or a body
)

// recordProbe resolves [zone.record.probe] of the record called name, which is
// empty where that is wrong already. It is nil without one.
func (r *resolver) recordProbe(t *recordProbeTable, path string, name zone.Name) *RecordProbe {
	if t == nil {
		return nil
	}
	if t.Type == "" {
		if !r.undecoded(path + ".type") {
			r.missing(path + ".type")
		}
		return nil
	}
	if !slices.Contains([]string{ProbeTCP, ProbeHTTP, ProbeTLS}, t.Type) {
		r.oneOf(&t.Type, path+".type", ProbeTCP, ProbeHTTP, ProbeTLS)
		return nil
	}
	p := &RecordProbe{Type: t.Type, Timeout: r.duration(t.Timeout, path+".timeout", 5*time.Second, time.Second)}
	if p.Timeout > longestProbe {
		r.add("bad-duration", path+".timeout", "timeout is %q, but must be %s at most", string(*t.Timeout), zone.FormatDuration(longestProbe))
	}
	r.probeKeys(t, path)
	if t.Type == ProbeHTTP {
		r.httpProbe(t, path, p)
	}
	if t.Type != ProbeTCP {
		p.Host = r.probeHost(t, path, name)
	}
	p.CA = r.probeCA(t, path, p)
	p.Port = r.probePort(t, path, p)
	return p
}

// probeKeys refuses keys that mean nothing to a probe of the type.
func (r *resolver) probeKeys(t *recordProbeTable, path string) {
	for _, k := range []struct {
		key   string
		given bool
		types string
	}{
		{"scheme", t.Scheme != nil, "http"},
		{"path", t.Path != nil, "http"},
		{"status", t.Status != nil, "http"},
		{"body", t.Body != nil, "http"},
		{"host", t.Host != nil, "http tls"},
		{"ca", t.CA != nil, "http tls"},
	} {
		if k.given && !strings.Contains(k.types, t.Type) {
			r.add("bad-value", path+"."+k.key, "%s means nothing to a probe of type %s", k.key, t.Type).key().fix("leave it out")
		}
	}
}

func (r *resolver) httpProbe(t *recordProbeTable, path string, p *RecordProbe) {
	p.Scheme, p.Path = r.oneOf(t.Scheme, path+".scheme", "http", "https"), "/"
	if t.Path != nil {
		p.Path = *t.Path
		if !isRequestPath(p.Path) {
			r.add("bad-value", path+".path", "path must start with a slash, and hold no blank, no # and no more than %d bytes", maxProbeText).fix("as in /healthz")
		}
	}
	if t.Status != nil {
		p.Status = string(*t.Status)
		if !isStatus(p.Status) {
			r.add("bad-value", path+".status", "status is %q, but must be %s", p.Status, shapeStatus.wants())
		}
	}
	if t.Body != nil {
		p.Body = *t.Body
		if len(p.Body) > maxProbeText {
			r.add("bad-value", path+".body", "body has %d bytes, but must have %d at most", len(p.Body), maxProbeText)
		}
	}
}

func isRequestPath(s string) bool {
	return strings.HasPrefix(s, "/") && len(s) <= maxProbeText &&
		strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '#' }) < 0
}

// isStatus tells whether text is a status of HTTP, or a class as "2xx".
func isStatus(text string) bool {
	n, err := strconv.Atoi(strings.Replace(text, "xx", "00", 1))
	return err == nil && len(text) == 3 && n >= 100 && n <= 599
}

// probeHost is the name that the service is asked by: the record's own, unless
// the file gives another one. A wildcard's has to be given.
func (r *resolver) probeHost(t *recordProbeTable, path string, name zone.Name) string {
	if t.Host == nil {
		if name != "" && !isHostName(name) {
			r.add("missing-key", path, "host is missing: nobody can be asked by the name %s", name.Display()).fix("give a host that the record answers for")
		}
		return name.Display()
	}
	n, err := zone.ParseName(*t.Host)
	if err != nil || !isHostName(n) {
		r.add("bad-name", path+".host", "%q is not the name of a host", *t.Host)
	}
	return n.Display()
}

// isHostName tells whether a certificate and the Host header can hold the name.
func isHostName(n zone.Name) bool {
	return n != zone.Root && n != "" && strings.IndexFunc(string(n), func(r rune) bool {
		return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.", r))
	}) < 0
}

func (r *resolver) probeCA(t *recordProbeTable, path string, p *RecordProbe) string {
	switch {
	case t.CA == nil:
		return ""
	case *t.CA == "":
		r.add("bad-value", path+".ca", "ca is empty").fix("name a file, or leave it out")
	case p.Type == ProbeHTTP && p.Scheme == "http":
		r.add("bad-value", path+".ca", "ca means nothing to http").key().fix(`say scheme = "https", or leave it out`)
	}
	return *t.CA
}

func (r *resolver) probePort(t *recordProbeTable, path string, p *RecordProbe) uint16 {
	switch {
	case t.Port != nil && (*t.Port < 1 || *t.Port > 65535):
		r.add("bad-value", path+".port", "port is %d, but must be from 1 to 65535", *t.Port)
	case t.Port != nil:
		return uint16(*t.Port)
	case p.Type == ProbeTCP && !r.undecoded(path+".port"):
		r.missing(path + ".port")
	case p.Type == ProbeHTTP && p.Scheme == "http":
		return 80
	}
	return 443
}

// probe writes the probe of a record. What is the default is left out where it
// depends on other keys.
func (w *writer) probe(p *RecordProbe, name zone.Name) {
	if p == nil {
		return
	}
	w.table("[zone.record.probe]")
	w.text("type", p.Type)
	w.number("port", int(p.Port))
	w.some("scheme", p.Scheme)
	if p.Host != name.Display() {
		w.some("host", p.Host)
	}
	w.some("path", p.Path)
	w.some("status", p.Status)
	w.some("body", p.Body)
	w.some("ca", p.CA)
	w.span("timeout", p.Timeout)
}

// sameProbe tells whether two records are asked the same.
func sameProbe(a, b *RecordProbe) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }
