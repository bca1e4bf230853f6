package cloudflaretest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	return io.ReadAll(r.Body)
}

var (
	noRoute  = &fault{Code: 7000, Message: "No route for that URI", status: http.StatusNotFound}
	noMethod = &fault{Code: 10405, Message: "Method not allowed for this authentication scheme", status: http.StatusMethodNotAllowed}
)

// route finds out who asks, and for what.
func (s *Server) route(r *http.Request, parts []string, body []byte) (answer, *fault) {
	token, f := s.authenticate(r)
	if strings.Join(parts, "/") == "user/tokens/verify" {
		return verify(token, f)
	}
	if f != nil {
		return answer{}, f
	}
	if err := onlyKnown(r.URL.Query()); err != nil {
		return answer{}, err
	}
	switch {
	case parts[0] != "zones":
		return answer{}, noRoute
	case len(parts) == 1 && r.Method == http.MethodGet:
		return s.listZones(token, r.URL.Query())
	case len(parts) == 1:
		return answer{}, noMethod
	}
	z := s.zoneByID(parts[1])
	if z == nil {
		return answer{}, &fault{Code: 7003, Message: fmt.Sprintf("Could not route to /zones/%s, perhaps your object identifier is invalid?", parts[1]), status: http.StatusNotFound}
	}
	switch {
	case len(parts) == 2 && r.Method == http.MethodGet:
		if token.rights(z) < See {
			return answer{}, forbidden()
		}
		return answer{Result: z.shown(token)}, nil
	case len(parts) > 4 || len(parts) < 3 || parts[2] != "dns_records":
		return answer{}, noRoute
	}
	return s.routeRecords(r, token, z, parts[3:], body)
}

func (s *Server) routeRecords(r *http.Request, token Token, z *Zone, rest []string, body []byte) (answer, *fault) {
	reads := r.Method == http.MethodGet
	if have := token.rights(z); have < Read || !reads && have < Edit {
		return answer{}, forbidden()
	}
	if len(rest) == 0 {
		switch r.Method {
		case http.MethodGet:
			return s.list(z, r.URL.Query())
		case http.MethodPost:
			return s.single(z, batch{Posts: []json.RawMessage{body}})
		}
		return answer{}, noMethod
	}
	if rest[0] == "batch" {
		if r.Method != http.MethodPost {
			return answer{}, noMethod
		}
		return s.batch(z, body)
	}
	i := z.index(rest[0])
	if i < 0 {
		return answer{}, noRecord()
	}
	switch r.Method {
	case http.MethodGet:
		return answer{Result: z.Records[i].shown()}, nil
	case http.MethodPatch:
		return s.single(z, batch{Patches: []json.RawMessage{withID(body, rest[0])}})
	case http.MethodPut:
		return s.single(z, batch{Puts: []json.RawMessage{withID(body, rest[0])}})
	case http.MethodDelete:
		return s.single(z, batch{Deletes: []json.RawMessage{withID([]byte("{}"), rest[0])}})
	}
	return answer{}, noMethod
}

// withID puts the id of the path into the body, as a batch has it.
func withID(body []byte, id string) []byte {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return body
	}
	fields["id"], _ = json.Marshal(id)
	out, _ := json.Marshal(fields)
	return out
}

// single makes one change of one record.
func (s *Server) single(z *Zone, b batch) (answer, *fault) {
	done, f := s.transact(z, b)
	if f != nil {
		return answer{}, f
	}
	if len(done.deletes) > 0 {
		return answer{Result: map[string]string{"id": done.deletes[0].ID}}, nil
	}
	return answer{Result: slices.Concat(done.patches, done.puts, done.posts)[0].shown()}, nil
}

// onlyKnown refuses a query with a parameter that this fake does not know, so
// that none is sent in vain.
func onlyKnown(q url.Values) *fault {
	for k := range q {
		switch k {
		case "page", "per_page", "name", "name.exact", "type", "status", "content.exact", "content.contains", "account.id", "match", "order", "direction":
		default:
			return bad(9207, "unknown parameter %q", k)
		}
	}
	return nil
}

// page cuts a list to the page that is asked for.
func page[T any](s *Server, items []T, q url.Values, least, most, usual int) ([]T, *resultInfo, *fault) {
	n, f := number(q, "page", 1)
	if f != nil {
		return nil, nil, f
	}
	per, f := number(q, "per_page", usual)
	if f != nil {
		return nil, nil, f
	}
	if n < 1 || per < least || per > most {
		return nil, nil, bad(9208, "page or per_page is out of range")
	}
	if s.MostPerPage > 0 {
		per = min(per, s.MostPerPage)
	}
	info := &resultInfo{Page: n, PerPage: per, TotalCount: len(items), TotalPages: (len(items) + per - 1) / per}
	from := min((n-1)*per, len(items))
	items = items[from:min(from+per, len(items))]
	info.Count = len(items)
	if s.NoInfo {
		info = nil
	}
	return items, info, nil
}

func number(q url.Values, key string, usual int) (int, *fault) {
	if !q.Has(key) {
		return usual, nil
	}
	n, err := strconv.Atoi(q.Get(key))
	if err != nil {
		return 0, bad(9208, "%s is no number", key)
	}
	return n, nil
}

// strict decodes one JSON object and nothing else.
func strict(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return errors.New("something follows the object")
	}
	return nil
}
