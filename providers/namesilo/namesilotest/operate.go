package namesilotest

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// common are the parameters of every operation.
var common = []string{"version", "type", "key"}

// allowed are the parameters of each operation. libdns sends rrtype with an
// update, where the vendor has none and does not mind it.
var allowed = map[string][]string{
	"listDomains":     {"portfolio", "pageSize", "page"},
	"dnsListRecords":  {"domain"},
	"dnsAddRecord":    {"domain", "rrtype", "rrhost", "rrvalue", "rrdistance", "rrttl"},
	"dnsUpdateRecord": {"domain", "rrid", "rrhost", "rrvalue", "rrdistance", "rrttl", "rrtype"},
	"dnsDeleteRecord": {"domain", "rrid"},
}

func no(code int, format string, args ...any) answer {
	return answer{code: code, detail: fmt.Sprintf(format, args...)}
}

// operate checks a request and does what it asks for.
func (s *Server) operate(r *http.Request, op string, q url.Values) answer {
	if a := s.admit(r, op, q); a.code != 0 {
		return a
	}
	if op == "listDomains" {
		return answer{code: 300, detail: "success", domains: slices.Sorted(maps.Keys(s.domains))}
	}
	domain := q.Get("domain")
	records, ok := s.domains[domain]
	if !ok {
		return no(200, "Domain is not active, or does not belong to this user")
	}
	switch op {
	case "dnsAddRecord":
		return s.add(domain, q)
	case "dnsUpdateRecord":
		return s.update(domain, q)
	case "dnsDeleteRecord":
		return s.remove(domain, q)
	}
	return answer{code: 300, detail: "success", domain: domain, records: slices.Clone(records)}
}

// admit checks what every request has to have.
func (s *Server) admit(r *http.Request, op string, q url.Values) answer {
	known, ok := allowed[op]
	switch {
	case r.Method != http.MethodGet:
		return no(210, "use GET")
	case !q.Has("version"):
		return no(102, "No version specified")
	case q.Get("version") != "1":
		return no(103, "Invalid API version")
	case !q.Has("type"):
		return no(104, "No type specified")
	case q.Get("type") != "xml" && q.Get("type") != "json":
		return no(105, "Invalid API type")
	case !ok:
		return no(107, "Invalid API operation")
	case q.Get("key") == "":
		return no(109, "No API key specified")
	case q.Get("key") != s.opts.Key:
		return no(110, "Invalid API Key")
	}
	for k, v := range q {
		if !slices.Contains(known, k) && !slices.Contains(common, k) || len(v) != 1 {
			return no(210, "parameter %s is not of %s, or stands twice", k, op)
		}
	}
	return answer{}
}

func (s *Server) add(domain string, q url.Values) answer {
	r, a := parse(domain, q)
	if a.code != 0 {
		return a
	}
	if a := conflicts(s.domains[domain], r, -1); a.code != 0 {
		return a
	}
	r.ID = s.newID()
	s.domains[domain] = append(s.domains[domain], r)
	return answer{code: 300, detail: "success", id: r.ID}
}

func (s *Server) update(domain string, q url.Values) answer {
	i := s.find(domain, q.Get("rrid"))
	if i < 0 {
		return no(280, "could not update resource record: no such rrid")
	}
	old := s.domains[domain][i]
	if q.Has("rrtype") && q.Get("rrtype") != old.Type {
		return no(280, "could not update resource record: the type cannot change")
	}
	typed := maps.Clone(q)
	typed.Set("rrtype", old.Type)
	r, a := parse(domain, typed)
	if a.code != 0 {
		return a
	}
	if a := conflicts(s.domains[domain], r, i); a.code != 0 {
		return a
	}
	if r.ID = old.ID; s.opts.NewIDs {
		r.ID = s.newID()
	}
	s.domains[domain][i] = r
	return answer{code: 300, detail: "success", id: r.ID}
}

func (s *Server) remove(domain string, q url.Values) answer {
	i := s.find(domain, q.Get("rrid"))
	if i < 0 {
		return no(280, "could not delete resource record: no such rrid")
	}
	s.domains[domain] = slices.Delete(s.domains[domain], i, i+1)
	return answer{code: 300, detail: "success"}
}

func (s *Server) find(domain, id string) int {
	return slices.IndexFunc(s.domains[domain], func(r Record) bool { return id != "" && r.ID == id })
}

var (
	label = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$`)
	types = []string{"A", "AAAA", "CNAME", "MX", "TXT", "SRV", "CAA"}
)

// parse reads the record of a request.
func parse(domain string, q url.Values) (Record, answer) {
	r := Record{Type: q.Get("rrtype"), Host: q.Get("rrhost"), Value: q.Get("rrvalue"), TTL: 7207}
	switch {
	case !slices.Contains(types, r.Type):
		return r, no(280, "could not handle resource record: type %q", r.Type)
	case !q.Has("rrhost"), !q.Has("rrvalue"), r.Value == "":
		return r, no(108, "Missing parameters for the specified operation")
	case !isHost(r.Host):
		return r, no(280, "could not handle resource record: host %q", r.Host)
	case r.Host == domain, strings.HasSuffix(r.Host, "."+domain):
		return r, no(280, "could not handle resource record: host %q repeats the domain", r.Host)
	}
	if !isValue(r.Type, r.Value) {
		return r, no(280, "could not handle resource record: %q is no address", r.Value)
	}
	if ttl, ok := number(q, "rrttl", 3600, 2592000); !ok {
		return r, no(280, "could not handle resource record: invalid TTL %q", q.Get("rrttl"))
	} else if q.Has("rrttl") {
		r.TTL = ttl
	}
	var ok bool
	if r.Distance, ok = number(q, "rrdistance", 0, 65535); !ok {
		return r, no(280, "could not handle resource record: invalid distance %q", q.Get("rrdistance"))
	}
	return r, answer{}
}

// number reads a parameter; ok is true, and n 0, where there is none.
func number(q url.Values, name string, least, most int) (n int, ok bool) {
	if !q.Has(name) {
		return 0, true
	}
	n, err := strconv.Atoi(q.Get(name))
	return n, err == nil && n >= least && n <= most
}

// isValue checks the values of addresses alone.
func isValue(typ, value string) bool {
	addr, err := netip.ParseAddr(value)
	switch typ {
	case "A":
		return err == nil && addr.Is4()
	case "AAAA":
		return err == nil && addr.Is6() && !addr.Is4In6() && addr.Zone() == ""
	}
	return true
}

func isHost(host string) bool {
	for i, l := range strings.Split(host, ".") {
		if host != "" && !label.MatchString(l) && (l != "*" || i > 0) {
			return false
		}
	}
	return true
}

// conflicts compares r, which is to stand at index i, with the other records.
func conflicts(records []Record, r Record, i int) answer {
	for j, o := range records {
		switch {
		case j == i || o.Host != r.Host:
		case o.Type == r.Type && o.Value == r.Value:
			return no(280, "could not add resource record to domain since it already exists (duplicate)")
		case o.Type == "CNAME" || r.Type == "CNAME":
			return no(280, "could not add resource record to domain: a CNAME stands alone at its host")
		}
	}
	return answer{}
}
