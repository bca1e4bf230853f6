package generic_test

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// gandiAPI is https://api.gandi.net/docs/livedns/.
func gandiAPI(s *store) http.Handler {
	const base = "/v5/livedns/domains/example.org"
	type rrset struct {
		Name   string   `json:"rrset_name"`
		Type   string   `json:"rrset_type"`
		TTL    int      `json:"rrset_ttl"`
		Values []string `json:"rrset_values"`
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{"fqdn": "example.org", "domain_records_href": "https://api.gandi.net" + base + "/records"})
	})
	list := func() (out []rrset) {
		for _, h := range s.records {
			i := slices.IndexFunc(out, func(r rrset) bool { return r.Name == h.name && r.Type == h.kind })
			if i < 0 {
				out, i = append(out, rrset{h.name, h.kind, int(h.ttl / time.Second), nil}), len(out)
			}
			out[i].Values = append(out[i].Values, h.data)
		}
		return out
	}
	mux.HandleFunc("GET "+base+"/records", func(w http.ResponseWriter, _ *http.Request) { reply(w, list()) })
	mux.HandleFunc(base+"/records/{name}/{type}", func(w http.ResponseWriter, r *http.Request) {
		name, kind := r.PathValue("name"), r.PathValue("type")
		i := slices.IndexFunc(list(), func(r rrset) bool { return r.Name == name && r.Type == kind })
		switch {
		case r.Method == http.MethodPut:
			in := decode[rrset](r)
			if in.TTL < 300 || len(in.Values) == 0 {
				fail(w, http.StatusBadRequest, "rrset_ttl: less than 300")
				return
			}
			s.drop(func(h held) bool { return h.name == name && h.kind == kind })
			for _, v := range in.Values {
				s.hold(name, kind, v, time.Duration(in.TTL)*time.Second)
			}
			w.WriteHeader(http.StatusCreated)
		case i < 0:
			fail(w, http.StatusNotFound, "no such rrset")
		case r.Method == http.MethodGet:
			reply(w, list()[i])
		case r.Method == http.MethodDelete:
			s.drop(func(h held) bool { return h.name == name && h.kind == kind })
			w.WriteHeader(http.StatusNoContent)
		}
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fail(w, http.StatusNotFound, "unknown domain") })
	return s.take("Authorization", "Bearer "+canary, mux)
}

// desecAPI is https://desec.readthedocs.io/en/latest/dns/rrsets.html.
func desecAPI(s *store) http.Handler {
	const base = "/api/v1/domains/example.org/rrsets/"
	type rrset struct {
		Subname string   `json:"subname"`
		Type    string   `json:"type"`
		TTL     int      `json:"ttl"`
		Records []string `json:"records"`
	}
	list := func() (out []rrset) {
		for _, h := range s.records {
			sub := strings.TrimPrefix(h.name, "@")
			i := slices.IndexFunc(out, func(r rrset) bool { return r.Subname == sub && r.Type == h.kind })
			if i < 0 {
				out, i = append(out, rrset{sub, h.kind, int(h.ttl / time.Second), nil}), len(out)
			}
			out[i].Records = append(out[i].Records, h.data)
		}
		return out
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/domains/{$}", func(w http.ResponseWriter, _ *http.Request) { reply(w, []map[string]string{{"name": "example.org"}}) })
	mux.HandleFunc("GET "+base+"{$}", func(w http.ResponseWriter, _ *http.Request) { reply(w, list()) })
	mux.HandleFunc("GET "+base+"{name}/{type}", func(w http.ResponseWriter, r *http.Request) { // as Django has it
		http.Redirect(w, r, r.URL.Path+"/", http.StatusMovedPermanently)
	})
	mux.HandleFunc("GET "+base+"{name}/{type}/", func(w http.ResponseWriter, r *http.Request) {
		for _, set := range list() {
			if set.Subname == strings.TrimPrefix(r.PathValue("name"), "@") && set.Type == r.PathValue("type") {
				reply(w, set)
				return
			}
		}
		fail(w, http.StatusNotFound, "Not found.")
	})
	mux.HandleFunc("PUT "+base+"{$}", func(w http.ResponseWriter, r *http.Request) {
		sets := decode[[]rrset](r)
		for _, set := range sets {
			if set.TTL < 3600 {
				fail(w, http.StatusBadRequest, "Ensure this value is greater than or equal to 3600.")
				return
			}
		}
		for _, set := range sets {
			name := set.Subname
			if name == "" {
				name = "@"
			}
			s.drop(func(h held) bool { return h.name == name && h.kind == set.Type })
			for _, v := range set.Records {
				s.hold(name, set.Type, v, time.Duration(set.TTL)*time.Second)
			}
		}
		reply(w, sets)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fail(w, http.StatusNotFound, "Not found.") })
	return s.take("Authorization", "Token "+canary, mux)
}

// hetznerAPI is https://docs.hetzner.cloud/reference/cloud#zones.
func hetznerAPI(s *store) http.Handler {
	const base = "/v1/zones/"
	type value struct {
		Value string `json:"value"`
	}
	type rrset struct {
		ID      string  `json:"id"`
		Name    string  `json:"name"`
		Type    string  `json:"type"`
		TTL     *int    `json:"ttl"`
		Records []value `json:"records"`
	}
	zoneNamed := func(w http.ResponseWriter, r *http.Request) bool {
		if z := r.PathValue("zone"); z == "example.org" || z == "1" {
			return true
		}
		fail(w, http.StatusNotFound, "zone not found")
		return false
	}
	done := func(w http.ResponseWriter) { // the caller waits for what is still running
		w.WriteHeader(http.StatusCreated)
		reply(w, map[string]any{"action": map[string]any{"id": 7, "status": "success"}})
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"{zone}", func(w http.ResponseWriter, r *http.Request) {
		if zoneNamed(w, r) {
			reply(w, map[string]any{"zone": map[string]any{"id": 1, "name": "example.org", "ttl": 3600}})
		}
	})
	mux.HandleFunc("GET /v1/zones", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{"zones": []map[string]any{{"id": 1, "name": "example.org", "ttl": 3600}}})
	})
	mux.HandleFunc("GET "+base+"{zone}/rrsets", func(w http.ResponseWriter, r *http.Request) {
		if !zoneNamed(w, r) {
			return
		}
		var out []*rrset
		for _, h := range s.records {
			i := slices.IndexFunc(out, func(r *rrset) bool { return r.Name == h.name && r.Type == h.kind })
			if i < 0 {
				ttl := int(h.ttl / time.Second)
				set := &rrset{ID: h.name + "/" + h.kind, Name: h.name, Type: h.kind, TTL: &ttl}
				if ttl == 3600 {
					set.TTL = nil // the zone's
				}
				out, i = append(out, set), len(out)
			}
			out[i].Records = append(out[i].Records, value{h.data})
		}
		reply(w, map[string]any{"rrsets": out})
	})
	mux.HandleFunc("POST "+base+"{zone}/rrsets/{name}/{type}/actions/{action}", func(w http.ResponseWriter, r *http.Request) {
		if !zoneNamed(w, r) {
			return
		}
		name, kind := r.PathValue("name"), r.PathValue("type")
		if i := slices.IndexFunc(s.records, func(h held) bool { return strings.EqualFold(h.name, name) && h.kind == kind }); i >= 0 {
			name = s.records[i].name
		}
		in, there := decode[rrset](r), s.rrset(name, kind)
		switch r.PathValue("action") {
		case "add_records":
			if in.TTL == nil || *in.TTL < 60 || len(there) > 0 && there[0].ttl != time.Duration(*in.TTL)*time.Second {
				fail(w, http.StatusUnprocessableEntity, "the TTL conflicts with the RRSet's")
				return
			}
			for _, v := range in.Records {
				s.hold(name, kind, v.Value, time.Duration(*in.TTL)*time.Second)
			}
		case "remove_records":
			n := s.drop(func(h held) bool {
				return h.name == name && h.kind == kind && slices.Contains(in.Records, value{h.data})
			})
			if n == 0 {
				fail(w, http.StatusNotFound, "record not found")
				return
			}
		case "change_ttl":
			for _, h := range there {
				s.at(h.id).ttl = time.Duration(*in.TTL) * time.Second
			}
		default:
			fail(w, http.StatusMethodNotAllowed, "not expected here")
			return
		}
		done(w)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fail(w, http.StatusNotFound, "not found") })
	return s.take("Authorization", "Bearer "+canary, mux)
}
