package generic_test

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// number reads an id out of a path.
func number(r *http.Request) int {
	n, err := strconv.Atoi(r.PathValue("id"))
	if err != nil {
		panic(err)
	}
	return n
}

// taken tells whether the vendor has the record already.
func (s *store) taken(name, kind, data string) bool {
	return slices.ContainsFunc(s.records, func(h held) bool { return h.name == name && h.kind == kind && h.data == data })
}

// ovhAPI is https://api.ovh.com/console/#/domain. What it serves follows what it
// lists at a refresh.
func ovhAPI(s *store) http.Handler {
	const base = "/1.0/domain/zone/example.org"
	type entry struct {
		ID        int    `json:"id"`
		FieldType string `json:"fieldType"`
		SubDomain string `json:"subDomain"`
		TTL       int    `json:"ttl"`
		Target    string `json:"target"`
	}
	show := func(h held) entry {
		return entry{h.id, h.kind, strings.TrimPrefix(h.name, "@"), int(h.ttl / time.Second), h.data}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /1.0/auth/time", func(w http.ResponseWriter, _ *http.Request) { reply(w, time.Now().Unix()) })
	mux.HandleFunc("GET "+base+"/record", func(w http.ResponseWriter, r *http.Request) {
		ids := []int{}
		q := r.URL.Query()
		for _, h := range s.records {
			if !q.Has("fieldType") || h.kind == q.Get("fieldType") && show(h).SubDomain == q.Get("subDomain") {
				ids = append(ids, h.id)
			}
		}
		reply(w, ids)
	})
	mux.HandleFunc("GET "+base+"/record/{id}", func(w http.ResponseWriter, r *http.Request) { reply(w, show(*s.at(number(r)))) })
	mux.HandleFunc("POST "+base+"/record", func(w http.ResponseWriter, r *http.Request) {
		in := decode[entry](r)
		if in.SubDomain == "" {
			in.SubDomain = "@"
		}
		s.hold(in.SubDomain, in.FieldType, in.Target, time.Duration(in.TTL)*time.Second)
		reply(w, show(s.records[len(s.records)-1]))
	})
	mux.HandleFunc("PUT "+base+"/record/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.at(number(r)).ttl = time.Duration(decode[entry](r).TTL) * time.Second
		reply(w, nil)
	})
	mux.HandleFunc("DELETE "+base+"/record/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.drop(func(h held) bool { return h.id == number(r) })
		reply(w, nil)
	})
	mux.HandleFunc("POST "+base+"/refresh", func(w http.ResponseWriter, _ *http.Request) { reply(w, nil) })
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusNotFound, "This service does not exist")
	})
	return s.take("", "", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/1.0/auth/time" && (r.Header.Get("X-Ovh-Application") != canary || !strings.HasPrefix(r.Header.Get("X-Ovh-Signature"), "$1$")) {
			fail(w, http.StatusForbidden, "Invalid signature")
			return
		}
		mux.ServeHTTP(w, r)
	}))
}

// bunnyAPI is https://docs.bunny.net/reference/dnszonepublic_index.
func bunnyAPI(s *store) http.Handler {
	kinds := []string{"A", "AAAA", "CNAME", "TXT", "MX", "", "", "", "SRV", "CAA", "PTR", "", "NS"}
	type entry struct {
		Id, Type, Ttl int
		Value, Name   string
		Weight        int
		Disabled      bool
	}
	show := func(h held) entry {
		return entry{h.id, slices.Index(kinds, h.kind), int(h.ttl / time.Second), h.data, strings.TrimPrefix(h.name, "@"), 100, false}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /dnszone", func(w http.ResponseWriter, r *http.Request) {
		items := []map[string]any{}
		if strings.Contains("example.org", r.URL.Query().Get("search")) {
			items = append(items, map[string]any{"Id": 5, "Domain": "example.org"})
		}
		reply(w, map[string]any{"Items": items})
	})
	mux.HandleFunc("GET /dnszone/5", func(w http.ResponseWriter, _ *http.Request) {
		out := []entry{}
		for _, h := range s.records {
			out = append(out, show(h))
		}
		reply(w, map[string]any{"Id": 5, "Records": out})
	})
	mux.HandleFunc("PUT /dnszone/5/records", func(w http.ResponseWriter, r *http.Request) {
		in := decode[entry](r)
		if in.Name == "" {
			in.Name = "@"
		}
		s.hold(in.Name, kinds[in.Type], in.Value, time.Duration(in.Ttl)*time.Second)
		w.WriteHeader(http.StatusCreated)
		reply(w, show(s.records[len(s.records)-1]))
	})
	mux.HandleFunc("POST /dnszone/5/records/{id}", func(w http.ResponseWriter, r *http.Request) {
		in, h := decode[entry](r), s.at(number(r))
		if in.Id != h.id || in.Weight != 100 || in.Value != h.data { // what is left out would be lost
			fail(w, http.StatusBadRequest, "not the whole record")
			return
		}
		h.ttl = time.Duration(in.Ttl) * time.Second
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("DELETE /dnszone/5/records/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.drop(func(h held) bool { return h.id == number(r) })
		w.WriteHeader(http.StatusNoContent)
	})
	return s.take("AccessKey", canary, mux)
}

// cloudnsAPI is https://www.cloudns.net/wiki/article/41/. It answers 200 to
// everything.
func cloudnsAPI(s *store) http.Handler {
	ttls := []int{60, 300, 900, 1800, 3600, 21600, 43200, 86400, 172800, 259200, 604800, 1209600, 2592000}
	return s.take("", "", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := func(ok, text string) { reply(w, map[string]string{"status": ok, "statusDescription": text}) }
		if err := r.ParseForm(); err != nil {
			panic(err)
		}
		f := r.PostForm
		name := f.Get("host")
		if name == "" {
			name = "@"
		}
		id, _ := strconv.Atoi(f.Get("record-id"))
		ttl, _ := strconv.Atoi(f.Get("ttl"))
		switch method := strings.TrimPrefix(r.URL.Path, "/dns/"); {
		case r.Method != http.MethodPost || r.URL.RawQuery != "":
			status("Failed", "credentials belong in the body")
		case f.Get("auth-id") != canary || f.Get("auth-password") != canary:
			status("Failed", "Invalid authentication, incorrect auth-id or auth-password.")
		case method == "list-zones.json":
			reply(w, []map[string]string{{"name": "example.org", "type": "master"}})
		case f.Get("domain-name") != "example.org":
			status("Failed", "Missing domain-name")
		case method == "records.json":
			out := map[string]map[string]string{}
			for _, h := range s.records {
				out[strconv.Itoa(h.id)] = map[string]string{
					"id": strconv.Itoa(h.id), "type": h.kind, "host": strings.TrimPrefix(h.name, "@"),
					"record": h.data, "ttl": strconv.Itoa(int(h.ttl / time.Second)),
				}
			}
			reply(w, out)
		case method == "delete-record.json":
			s.drop(func(h held) bool { return h.id == id })
			status("Success", "The record was deleted successfully.")
		case !slices.Contains(ttls, ttl):
			status("Failed", "Invalid TTL")
		case method == "add-record.json" && s.taken(name, f.Get("record-type"), f.Get("record")):
			status("Failed", "The record already exists.")
		case method == "add-record.json":
			s.hold(name, f.Get("record-type"), f.Get("record"), time.Duration(ttl)*time.Second)
			status("Success", "The record was added successfully.")
		case method == "mod-record.json":
			h := s.at(id)
			h.data, h.ttl = f.Get("record"), time.Duration(ttl)*time.Second
			status("Success", "The record was modified successfully.")
		default:
			status("Failed", "no such method")
		}
	}))
}

// glesysAPI is https://github.com/glesys/API/wiki/API-Documentation.
func glesysAPI(s *store) http.Handler {
	type entry struct {
		DomainName string `json:"domainname"`
		RecordID   int    `json:"recordid"`
		Host       string `json:"host"`
		Type       string `json:"type"`
		Data       string `json:"data"`
		TTL        int    `json:"ttl"`
	}
	show := func(h held) entry {
		return entry{"example.org", h.id, h.name, h.kind, h.data, int(h.ttl / time.Second)}
	}
	answer := func(w http.ResponseWriter, key string, v any) {
		reply(w, map[string]any{"response": map[string]any{"status": map[string]any{"code": 200}, key: v}})
	}
	return s.take("", "", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, key, _ := r.BasicAuth(); user != canary || key != canary {
			w.WriteHeader(http.StatusUnauthorized)
			answer(w, "status", map[string]string{"text": "Authorization failed"})
			return
		}
		in := decode[entry](r)
		if in.DomainName != "example.org" && in.RecordID == 0 {
			w.WriteHeader(http.StatusNotFound)
			answer(w, "status", map[string]string{"text": "Domain not found"})
			return
		}
		switch strings.TrimPrefix(r.URL.Path, "/domain/") {
		case "listrecords":
			out := []entry{}
			for _, h := range s.records {
				out = append(out, show(h))
			}
			answer(w, "records", out)
		case "addrecord":
			s.hold(in.Host, in.Type, in.Data, time.Duration(in.TTL)*time.Second)
			answer(w, "record", show(s.records[len(s.records)-1]))
		case "updaterecord":
			h := s.at(in.RecordID)
			h.ttl = time.Duration(in.TTL) * time.Second
			answer(w, "record", show(*h))
		case "deleterecord":
			s.drop(func(h held) bool { return h.id == in.RecordID })
			answer(w, "ok", true)
		default:
			fail(w, http.StatusNotFound, "no such function")
		}
	}))
}

// jwt is a token that is good until 2100.
func jwt() string {
	return "h." + base64.RawURLEncoding.EncodeToString([]byte(`{"exp": 4102444800}`)) + ".s"
}

// transipAPI is https://api.transip.nl/rest/docs.html#domains-dns. It has a value
// twice with two TTLs, and deletes the entry that matches in all.
func transipAPI(s *store) http.Handler {
	type entry struct {
		Name    string `json:"name"`
		Expire  int    `json:"expire"`
		Type    string `json:"type"`
		Content string `json:"content"`
	}
	show := func(h held) entry { return entry{h.name, int(h.ttl / time.Second), h.kind, h.data} }
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v6/auth", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Signature") == "" {
			fail(w, http.StatusUnauthorized, "no signature")
			return
		}
		reply(w, map[string]string{"token": jwt()})
	})
	mux.HandleFunc("GET /v6/domains", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{"domains": []map[string]string{{"name": "example.org"}}})
	})
	mux.HandleFunc("/v6/domains/{zone}/dns", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("zone") != "example.org" {
			w.WriteHeader(http.StatusNotFound)
			reply(w, map[string]string{"error": "Domain not found"})
			return
		}
		if r.Method == http.MethodGet {
			out := []entry{}
			for _, h := range s.records {
				out = append(out, show(h))
			}
			reply(w, map[string]any{"dnsEntries": out})
			return
		}
		in := decode[struct{ DNSEntry entry }](r).DNSEntry
		same := func(h held) bool { return show(h) == in }
		switch {
		case r.Method == http.MethodPost && slices.ContainsFunc(s.records, same):
			w.WriteHeader(http.StatusNotAcceptable)
			reply(w, map[string]string{"error": "the entry exists"})
			return
		case r.Method == http.MethodPost:
			s.hold(in.Name, in.Type, in.Content, time.Duration(in.Expire)*time.Second)
			w.WriteHeader(http.StatusCreated)
		case r.Method == http.MethodDelete:
			if s.drop(same) == 0 {
				w.WriteHeader(http.StatusNotFound)
				reply(w, map[string]string{"error": "no such entry"})
				return
			}
			w.WriteHeader(http.StatusNoContent)
			return
		default:
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
		reply(w, struct{}{})
	})
	return s.take("", "", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v6/auth" && r.Header.Get("Authorization") != "Bearer "+jwt() {
			w.WriteHeader(http.StatusUnauthorized)
			reply(w, map[string]string{"error": "no token"})
			return
		}
		mux.ServeHTTP(w, r)
	}))
}

// digitaloceanAPI is https://docs.digitalocean.com/reference/api/digitalocean/#tag/Domain-Records.
// It shows targets without the final dot, and wants them with it. A value may
// stand twice.
func digitaloceanAPI(s *store) http.Handler {
	const base = "/v2/domains/example.org/records"
	type entry struct {
		ID       int    `json:"id"`
		Type     string `json:"type"`
		Name     string `json:"name"`
		Data     string `json:"data"`
		Priority int    `json:"priority"`
		Port     int    `json:"port"`
		Weight   int    `json:"weight"`
		Flags    int    `json:"flags"`
		Tag      string `json:"tag"`
		TTL      int    `json:"ttl"`
	}
	show := func(h held) entry {
		e := entry{ID: h.id, Type: h.kind, Name: h.name, TTL: int(h.ttl / time.Second)}
		f := strings.Fields(h.data)
		number := func(i int) int { n, _ := strconv.Atoi(f[i]); return n }
		switch h.kind {
		case "MX":
			e.Priority = number(0)
		case "SRV":
			e.Priority, e.Weight, e.Port = number(0), number(1), number(2)
		case "CAA":
			e.Flags, e.Tag = number(0), f[1]
		}
		switch h.kind {
		case "MX", "SRV", "CNAME", "NS":
			e.Data = strings.TrimSuffix(f[len(f)-1], ".")
		case "CAA", "TXT":
			e.Data = strings.Trim(f[len(f)-1], `"`)
		default:
			e.Data = h.data
		}
		return e
	}
	unprocessable := func(w http.ResponseWriter, why string) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		reply(w, map[string]string{"id": "unprocessable_entity", "message": why})
	}
	good := func(w http.ResponseWriter, in entry) bool {
		switch {
		case in.TTL < 30:
			unprocessable(w, "TTL must be greater than or equal to 30")
		case in.Type == "CNAME" && !strings.HasSuffix(in.Data, "."):
			unprocessable(w, "Data needs to end with a dot (.)")
		default:
			return true
		}
		return false
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/domains", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{"domains": []map[string]any{{"name": "example.org", "ttl": 1800}}, "meta": map[string]int{"total": 1}})
	})
	mux.HandleFunc("GET "+base, func(w http.ResponseWriter, r *http.Request) {
		at, size := 1, 20
		if n, err := strconv.Atoi(r.URL.Query().Get("page")); err == nil {
			at = n
		}
		if n, err := strconv.Atoi(r.URL.Query().Get("per_page")); err == nil {
			size = min(n, 200)
		}
		out, pages := []entry{}, map[string]string{}
		for i, h := range s.records {
			if i >= (at-1)*size && i < at*size {
				out = append(out, show(h))
			}
		}
		if at*size < len(s.records) {
			pages["next"] = "https://api.digitalocean.com" + base + "?page=" + strconv.Itoa(at+1)
		}
		reply(w, map[string]any{"domain_records": out, "links": map[string]any{"pages": pages}})
	})
	mux.HandleFunc("POST "+base, func(w http.ResponseWriter, r *http.Request) {
		if in := decode[entry](r); good(w, in) {
			s.hold(in.Name, in.Type, in.Data, time.Duration(in.TTL)*time.Second)
			w.WriteHeader(http.StatusCreated)
			reply(w, map[string]any{"domain_record": show(s.records[len(s.records)-1])})
		}
	})
	mux.HandleFunc(base+"/{id}", func(w http.ResponseWriter, r *http.Request) {
		h := s.at(number(r))
		switch {
		case h == nil:
			w.WriteHeader(http.StatusNotFound)
			reply(w, map[string]string{"id": "not_found", "message": "The resource you were accessing could not be found."})
		case r.Method == http.MethodPut:
			if in := decode[entry](r); good(w, in) {
				h.data, h.ttl = in.Data, time.Duration(in.TTL)*time.Second
				reply(w, map[string]any{"domain_record": show(*h)})
			}
		case r.Method == http.MethodDelete:
			s.drop(func(other held) bool { return other.id == h.id })
			w.WriteHeader(http.StatusNoContent)
		}
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		reply(w, map[string]string{"id": "not_found", "message": "The resource you were accessing could not be found."})
	})
	return s.take("Authorization", "Bearer "+canary, mux)
}
