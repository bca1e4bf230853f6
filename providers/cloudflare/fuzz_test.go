package cloudflare

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// FuzzView reads what the API may send as records: nothing is lost, and the
// snapshot is in order.
func FuzzView(f *testing.F) {
	for _, s := range []string{
		`[]`, `[null]`, `[{}]`, `["x", 5, [], true]`,
		`[{"id":"1","type":"A","name":"www.example.org","content":"192.0.2.1","ttl":1,"proxied":true,"comment":null,"tags":["a:b"]}]`,
		`[{"id":"1","type":"A","name":"www.example.org","content":"192.0.2.1","ttl":300},{"id":"2","type":"A","name":"WWW.example.org","content":"192.0.2.1","ttl":-5}]`,
		`[{"id":"1","type":"AAAA","name":"é.example.org","content":"2001:db8::1","ttl":4294967296,"meta":{"read_only":true}}]`,
		`[{"type":"SRV","name":"_a._b.example.org","content":"1 2 x","data":{"priority":1,"weight":2,"port":3,"target":"x"},"priority":1e9}]`,
		`[{"type":"TXT","name":"example.org","content":"\"open"},{"type":"CAA","name":"example.org","content":"0 issue \"x\" ; y"}]`,
		`[{"type":"LOC","name":"example.org","content":"51 30 N ("},{"type":"HTTPS","name":"example.org","content":"1 . alpn"}]`,
	} {
		f.Add([]byte(s))
	}
	const z zone.Name = "example.org."
	f.Fuzz(func(t *testing.T, data []byte) {
		var items []json.RawMessage
		if json.Unmarshal(data, &items) != nil {
			return
		}
		v := newView(z, items)
		kept := len(v.snapshot.Others)
		for _, records := range v.sets {
			kept += len(records)
		}
		if kept != len(items) {
			t.Errorf("%d of %d records kept", kept, len(items))
		}
		if !slices.IsSortedFunc(v.snapshot.RRsets, func(a, b zone.RRset) int { return zone.CompareKeys(a.Key, b.Key) }) || len(v.snapshot.RRsets) != len(v.sets) {
			t.Error("sets out of order, or twice")
		}
		for _, r := range v.snapshot.RRsets {
			checkSet(t, z, r)
		}
		for _, r := range v.snapshot.Others {
			if r.Name == "" || !isMnemonic(r.Type) || r.TTL < 1 || r.TTL > zone.MaxTTL {
				t.Errorf("%+v", r)
			}
		}
	})
}

func checkSet(t *testing.T, z zone.Name, r zone.RRset) {
	t.Helper()
	norm := r.Clone()
	norm.Normalize()
	switch {
	case len(r.Addrs) == 0 || len(r.Addrs) != len(r.Members) || !slices.Equal(norm.Addrs, r.Addrs):
		t.Errorf("%v with members %v is not in order", r, r.Members)
	case r.TTL < 1 || r.TTL > zone.MaxTTL, r.Proxied && !r.Auto, r.Auto && r.TTL != zone.AutoTTL, !r.Name.IsSubdomainOf(z):
		t.Errorf("%+v is no set", r)
	}
	for _, a := range r.Addrs {
		if zone.TypeOf(a) != r.Type {
			t.Errorf("%s in a set of %s", a, r.Type)
		}
	}
}

// FuzzOpen reads what anybody may answer: a success is one that says so.
func FuzzOpen(f *testing.F) {
	for _, s := range []string{
		`{"success":true,"result":[]}`, `{"success":false,"errors":[{"code":1004,"message":"x","error_chain":[{"code":1}]}]}`,
		`{}`, `[]`, `null`, `<html>`, `{"success":"true"}`, `{"success":true,"result_info":{"total_count":-1,"per_page":0}}`,
		`{"success":true,"result":[{"id":"1"}],"result_info":{"total_pages":99999999}}`,
	} {
		f.Add(200, []byte(s))
		f.Add(400, []byte(s))
	}
	p, err := New(Config{APIToken: "canary-fuzz"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, status int, data []byte) {
		c := call{chain: p.chain}
		err := c.open(status, data)
		var told struct{ Success bool }
		if err == nil && (status >= 400 || json.Unmarshal(data, &told) != nil || !told.Success) {
			t.Errorf("%d %q is a success", status, data)
		}
		if err != nil {
			_ = explain(err, dnsEdit).Error()
			return
		}
		asked := 0
		items, err := whole(func(int) (envelope, error) {
			asked++
			return c.answer, nil
		})
		if info := c.answer.Info; err == nil && info != nil && info.TotalCount != nil && *info.TotalCount >= 0 && len(items) != *info.TotalCount {
			t.Errorf("%d items of %d", len(items), *info.TotalCount)
		}
		if asked > 6 {
			t.Errorf("%d requests for one page", asked)
		}
	})
}
