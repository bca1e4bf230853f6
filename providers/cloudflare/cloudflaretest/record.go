package cloudflaretest

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Record is a DNS record of the fake.
type Record struct {
	// ID is made up when it is empty.
	ID       string
	Type     string
	Name     string
	Content  string
	Priority *int
	TTL      int // 1 is automatic
	Proxied  bool
	Comment  string
	Tags     []string
	// Settings, Data and Meta are kept as they are; nil is an empty object.
	Settings, Data, Meta json.RawMessage
	PrivateRouting       bool
	Locked               bool
	Created, Modified    time.Time
}

func (r Record) proxiable() bool {
	return r.Type == "A" || r.Type == "AAAA" || r.Type == "CNAME"
}

func (r Record) isAddress() bool { return r.Type == "A" || r.Type == "AAAA" }

// shown is the record as the API shows it.
func (r Record) shown() map[string]any {
	object := func(raw json.RawMessage) json.RawMessage {
		if raw == nil {
			return json.RawMessage("{}")
		}
		return raw
	}
	out := map[string]any{
		"id": r.ID, "name": r.Name, "type": r.Type, "content": r.Content, "ttl": r.TTL,
		"proxiable": r.proxiable(), "proxied": r.Proxied, "settings": object(r.Settings), "meta": object(r.Meta),
		"comment": nil, "tags": append([]string{}, r.Tags...),
		"created_on": r.Created.UTC(), "modified_on": r.Modified.UTC(),
	}
	if r.Comment != "" {
		out["comment"], out["comment_modified_on"] = r.Comment, r.Modified.UTC()
	}
	if len(r.Tags) > 0 {
		out["tags_modified_on"] = r.Modified.UTC()
	}
	if r.Priority != nil {
		out["priority"] = *r.Priority
	}
	if r.Data != nil {
		out["data"] = r.Data
	}
	if r.PrivateRouting {
		out["private_routing"] = true
	}
	if r.Locked {
		out["locked"] = true
	}
	return out
}

func (s *Server) newID() string {
	s.lastID++
	return fmt.Sprintf("%032x", s.lastID)
}

// first returns the first zone of the name. It panics when there is none: the
// test has a mistake.
func (s *Server) first(zone string) *Zone {
	i := slices.IndexFunc(s.zones, func(z *Zone) bool { return z.Name == zone })
	if i < 0 {
		panic("cloudflaretest: no zone " + zone)
	}
	return s.zones[i]
}

// Put adds records to the first zone of that name, as they are, and returns
// their ids. A name may be relative.
func (s *Server) Put(zone string, records ...Record) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	z := s.first(zone)
	ids := make([]string, len(records))
	for i, r := range records {
		if r.ID == "" {
			r.ID = s.newID()
		}
		if r.TTL == 0 {
			r.TTL = 1
		}
		r.Name = z.complete(r.Name)
		r.Created, r.Modified = s.now(), s.now()
		z.Records = append(z.Records, r)
		ids[i] = r.ID
	}
	return ids
}

// Edit lets somebody else change each record of the zone; false removes it.
func (s *Server) Edit(zone string, edit func(*Record) (keep bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	z := s.first(zone)
	var kept []Record
	for _, r := range z.Records {
		if edit(&r) {
			kept = append(kept, r)
		}
	}
	z.Records = kept
}

// Records returns the records of the first zone of that name.
func (s *Server) Records(zone string) []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.first(zone).Records)
}

func (z *Zone) index(id string) int {
	return slices.IndexFunc(z.Records, func(r Record) bool { return r.ID == id })
}

// complete makes a name absolute, without the final dot.
func (z *Zone) complete(name string) string {
	name = strings.TrimSuffix(name, ".")
	switch lower := strings.ToLower(name); {
	case name == "@" || name == "":
		return z.Name
	case lower == z.Name || strings.HasSuffix(lower, "."+z.Name):
		return name
	}
	return name + "." + z.Name
}

// list lists records (https://developers.cloudflare.com/api/resources/dns/subresources/records/methods/list/).
func (s *Server) list(z *Zone, q url.Values) (answer, *fault) {
	shown := []map[string]any{}
	for _, r := range z.Records {
		switch {
		case q.Has("name") && !strings.EqualFold(q.Get("name"), r.Name):
		case q.Has("name.exact") && !strings.EqualFold(q.Get("name.exact"), r.Name):
		case q.Has("type") && q.Get("type") != r.Type:
		case q.Has("content.exact") && !strings.EqualFold(q.Get("content.exact"), r.Content):
		case q.Has("content.contains") && !strings.Contains(strings.ToLower(r.Content), strings.ToLower(q.Get("content.contains"))):
		default:
			shown = append(shown, r.shown())
		}
	}
	shown, info, f := page(s, shown, q, 1, 5_000_000, 100)
	if f != nil {
		return answer{}, f
	}
	return answer{Result: shown, Info: info}, nil
}

// check refuses what Cloudflare refuses of one record by itself
// (https://developers.cloudflare.com/dns/manage-dns-records/reference/).
func (z *Zone) check(r *Record) *fault {
	name, err := idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false)).ToASCII(z.complete(r.Name))
	if err != nil || len(name) > 253 || slices.ContainsFunc(strings.Split(name, "."), func(l string) bool { return l == "" || len(l) > 63 }) {
		return invalid(9000, "DNS name is invalid.")
	}
	r.Name = strings.ToLower(name)
	if f := checkContent(r); f != nil {
		return f
	}
	if r.Proxied && !r.proxiable() {
		return invalid(9004, "This record type cannot be proxied.")
	}
	least := 60
	if z.Plan == "enterprise" {
		least = 30
	}
	switch {
	case r.Proxied:
		r.TTL = 1
	case r.TTL != 1 && (r.TTL < least || r.TTL > 86400):
		return invalid(9021, "TTL must be between %d and 86400 seconds, or 1 for Automatic.", least)
	}
	return nil
}

// checkQuota refuses comments and tags that the plan does not have
// (https://developers.cloudflare.com/dns/manage-dns-records/reference/record-attributes/).
// What a better plan has left behind stays.
func (z *Zone) checkQuota(said fields) *fault {
	most, tags := 500, 20
	if z.Plan == "free" {
		most, tags = 100, 0
	}
	if said.Comment != nil && utf8.RuneCountInString(*said.Comment) > most {
		return invalid(9313, "DNS record comment exceeds the maximum length of %d characters.", most)
	}
	if said.Tags != nil && len(*said.Tags) > tags {
		return invalid(9300, "DNS record has %d tags, exceeding the quota of %d.", len(*said.Tags), tags)
	}
	return nil
}

func checkContent(r *Record) *fault {
	switch r.Type {
	case "A":
		if a, err := netip.ParseAddr(r.Content); err != nil || !a.Is4() {
			return invalid(9005, "Content for A record must be a valid IPv4 address.")
		}
	case "AAAA":
		a, err := netip.ParseAddr(r.Content)
		if err != nil || a.Is4() || a.Zone() != "" {
			return invalid(9006, "Content for AAAA record must be a valid IPv6 address.")
		}
		r.Content = a.String()
	case "CNAME", "NS", "MX", "PTR":
		r.Content = strings.TrimSuffix(r.Content, ".")
		if r.Content == "" || strings.ContainsAny(r.Content, " \t\"") {
			return invalid(9007, "Content for %s record is invalid.", r.Type)
		}
	case "TXT", "SRV", "CAA", "HTTPS", "SVCB", "TLSA", "SSHFP", "DS", "DNSKEY", "CERT", "LOC", "NAPTR", "SMIMEA", "URI", "OPENPGPKEY":
		if r.Content == "" && r.Data == nil {
			return invalid(9101, "content is a required data field.")
		}
	default:
		return bad(1004, "DNS record type %q is invalid.", r.Type)
	}
	return nil
}
