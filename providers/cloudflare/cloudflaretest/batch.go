package cloudflaretest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// batch is the body of a batch
// (https://developers.cloudflare.com/api/resources/dns/subresources/records/methods/batch/).
type batch struct {
	Deletes []json.RawMessage `json:"deletes"`
	Patches []json.RawMessage `json:"patches"`
	Puts    []json.RawMessage `json:"puts"`
	Posts   []json.RawMessage `json:"posts"`
}

// done is what a transaction did, in the order of its operations.
type done struct{ deletes, patches, puts, posts []Record }

// fields are what may be said of a record. What is not said is nil. Some are
// read-only at Cloudflare and ignored.
type fields struct {
	ID             *string         `json:"id"`
	Type           *string         `json:"type"`
	Name           *string         `json:"name"`
	Content        *string         `json:"content"`
	Priority       *int            `json:"priority"`
	TTL            *int            `json:"ttl"`
	Proxied        *bool           `json:"proxied"`
	Comment        *string         `json:"comment"`
	Tags           *[]string       `json:"tags"`
	Settings       json.RawMessage `json:"settings"`
	Data           json.RawMessage `json:"data"`
	PrivateRouting *bool           `json:"private_routing"`

	Proxiable  *bool           `json:"proxiable"`
	Locked     *bool           `json:"locked"`
	ZoneID     *string         `json:"zone_id"`
	ZoneName   *string         `json:"zone_name"`
	CreatedOn  *time.Time      `json:"created_on"`
	ModifiedOn *time.Time      `json:"modified_on"`
	Meta       json.RawMessage `json:"meta"`
}

// onto sets the fields that are said on r.
func (f fields) onto(r *Record) {
	set(&r.Type, f.Type)
	set(&r.Name, f.Name)
	set(&r.Content, f.Content)
	set(&r.TTL, f.TTL)
	set(&r.Proxied, f.Proxied)
	set(&r.Comment, f.Comment)
	set(&r.Tags, f.Tags)
	set(&r.PrivateRouting, f.PrivateRouting)
	if f.Priority != nil {
		r.Priority = f.Priority
	}
	if f.Settings != nil {
		r.Settings = f.Settings
	}
	if f.Data != nil {
		r.Data = f.Data
	}
}

func set[T any](field, said *T) {
	if said != nil {
		*field = *said
	}
}

func noRecord() *fault {
	return &fault{Code: 81044, Message: "Record does not exist.", status: http.StatusNotFound}
}

// batch executes a batch. What it answers to one that is too long is not known:
// the code is made up.
func (s *Server) batch(z *Zone, body []byte) (answer, *fault) {
	var b batch
	if err := strict(body, &b); err != nil {
		return answer{}, bad(9207, "Request body is invalid: %v", err)
	}
	most := 3500
	if z.Plan == "free" {
		most = 200
	}
	if n := len(b.Deletes) + len(b.Patches) + len(b.Puts) + len(b.Posts); n > most || n == 0 {
		return answer{}, bad(9212, "a batch holds from 1 to %d operations, not %d.", most, n)
	}
	d, f := s.transact(z, b)
	if f != nil {
		return answer{}, f
	}
	shown := func(records []Record) []map[string]any {
		out := []map[string]any{}
		for _, r := range records {
			out = append(out, r.shown())
		}
		return out
	}
	return answer{Result: map[string]any{
		"deletes": shown(d.deletes), "patches": shown(d.patches), "puts": shown(d.puts), "posts": shown(d.posts),
	}}, nil
}

// transact makes all changes in Cloudflare's order, or none of them.
func (s *Server) transact(z *Zone, b batch) (d done, f *fault) {
	draft := &Zone{Name: z.Name, Plan: z.Plan, Records: slices.Clone(z.Records)}
	for _, step := range []struct {
		bodies []json.RawMessage
		did    *[]Record
		one    func(*Zone, fields) (Record, *fault)
	}{
		{b.Deletes, &d.deletes, s.remove}, {b.Patches, &d.patches, s.patch}, {b.Puts, &d.puts, s.put}, {b.Posts, &d.posts, s.post},
	} {
		for _, body := range step.bodies {
			var said fields
			if err := strict(body, &said); err != nil {
				return d, bad(9207, "Request body is invalid: %v", err)
			}
			if f := z.checkQuota(said); f != nil {
				return d, f
			}
			r, f := step.one(draft, said)
			if f != nil {
				return d, f
			}
			*step.did = append(*step.did, r)
		}
	}
	draft.spreadProxy()
	z.Records = draft.Records
	return d, nil
}

func (s *Server) remove(z *Zone, said fields) (Record, *fault) {
	i := z.find(said)
	if i < 0 {
		return Record{}, noRecord()
	}
	r := z.Records[i]
	z.Records = slices.Delete(z.Records, i, i+1)
	return r, nil
}

func (s *Server) patch(z *Zone, said fields) (Record, *fault) {
	i := z.find(said)
	if i < 0 {
		return Record{}, noRecord()
	}
	r := z.Records[i]
	said.onto(&r)
	return s.replace(z, i, r)
}

// put resets what is not said.
func (s *Server) put(z *Zone, said fields) (Record, *fault) {
	i := z.find(said)
	if i < 0 {
		return Record{}, noRecord()
	}
	if said.Content == nil || said.Name == nil || said.Type == nil {
		return Record{}, bad(9207, "content, name and type are required")
	}
	r := Record{ID: z.Records[i].ID, TTL: 1, Created: z.Records[i].Created}
	said.onto(&r)
	return s.replace(z, i, r)
}

func (s *Server) replace(z *Zone, i int, r Record) (Record, *fault) {
	if readOnly(r) {
		return r, bad(1043, "This record is managed by another product and cannot be edited.")
	}
	r.Modified = s.now()
	if f := z.admit(&r, i); f != nil {
		return r, f
	}
	z.Records[i] = r
	return r, nil
}

func (s *Server) post(z *Zone, said fields) (Record, *fault) {
	if said.Name == nil || said.Type == nil {
		return Record{}, bad(9207, "name and type are required")
	}
	r := Record{ID: s.newID(), TTL: 1, Created: s.now(), Modified: s.now()}
	said.onto(&r)
	if f := z.admit(&r, -1); f != nil {
		return r, f
	}
	z.Records = append(z.Records, r)
	return r, nil
}

func (z *Zone) find(said fields) int {
	if said.ID == nil {
		return -1
	}
	return z.index(*said.ID)
}

func readOnly(r Record) bool {
	var meta struct {
		ReadOnly bool `json:"read_only"`
	}
	return r.Locked || json.Unmarshal(r.Meta, &meta) == nil && meta.ReadOnly
}

// admit checks r by itself and beside all others but the one at index self.
func (z *Zone) admit(r *Record, self int) *fault {
	if f := z.check(r); f != nil {
		return f
	}
	for i, o := range z.Records {
		if i == self || !strings.EqualFold(o.Name, r.Name) {
			continue
		}
		switch {
		case o.Type == r.Type && strings.EqualFold(o.Content, r.Content) && o.Type != "SRV":
			return bad(81058, "An identical record already exists.")
		case r.Type == "CNAME" && (o.isAddress() || o.Type == "CNAME"):
			return bad(81053, "An A, AAAA, or CNAME record with that host already exists.")
		case o.Type == "CNAME" && r.isAddress():
			return bad(81054, "A CNAME record with that host already exists.")
		}
	}
	return nil
}

// spreadProxy makes all addresses of a name proxied where one is
// (https://developers.cloudflare.com/dns/proxy-status/).
func (z *Zone) spreadProxy() {
	proxied := map[string]bool{}
	for _, r := range z.Records {
		if r.isAddress() && r.Proxied {
			proxied[strings.ToLower(r.Name)] = true
		}
	}
	for i, r := range z.Records {
		if r.isAddress() && proxied[strings.ToLower(r.Name)] {
			z.Records[i].Proxied, z.Records[i].TTL = true, 1
		}
	}
}
