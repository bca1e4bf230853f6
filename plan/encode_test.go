package plan_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/plan"
)

func encode(t testing.TB, p *plan.Plan) []byte {
	t.Helper()
	b, err := plan.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// example is a plan with some of everything.
func example(t testing.TB) *plan.Plan {
	p := policy()
	p.Reason, p.Ticket, p.By = `move "www" to <new> & back`, "CHG-42", "ööö"
	return build(t, p, site{
		live: "@ 3600 A 192.0.2.1\ncdn 300 A 192.0.2.1 proxied\nalias 300 A foreign=alias\nold 300 A 192.0.2.9\n" + `a\"b 60 A 192.0.2.1`,
		want: "@ 3600 A 192.0.2.2\ncdn 3600 A 192.0.2.1 proxied=off group=web\nalias 300 A 192.0.2.3\nnew 30 AAAA 2001:db8::1\n" + `a\"b 90 A 192.0.2.1`,
		view: "internal", protect: "@", prune: true, minTTL: 60,
	})
}

func TestDecodeUndoesEncode(t *testing.T) {
	for name, p := range map[string]*plan.Plan{"example": example(t), "empty": build(t, policy(), site{}), "no zone": build(t, policy())} {
		data := encode(t, p)
		got, err := plan.Decode(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !reflect.DeepEqual(got, p) {
			t.Errorf("%s: decoded to %+v, want %+v", name, got, p)
		}
		if !bytes.Equal(encode(t, got), data) {
			t.Errorf("%s: encoded again, the bytes differ", name)
		}
	}
}

// TestEncodeSeals: the document is that of Marshal with one more member, the
// last, which is over every byte before its comma.
func TestEncodeSeals(t *testing.T) {
	p := example(t)
	data := encode(t, p)
	body, tail, ok := bytes.Cut(data, []byte(",\n  \"sha256\": \""))
	if i := bytes.LastIndex(data, []byte(",\n  \"sha256\": \"")); !ok || len(body) != i {
		t.Fatalf("no last member sha256 in %s", data)
	}
	sum := sha256.Sum256(body)
	if got, want := string(tail), hex.EncodeToString(sum[:])+"\"\n}\n"; got != want {
		t.Errorf("the document ends in %q, want %q", got, want)
	}
	if want := string(body) + "\n}\n"; string(marshal(t, p)) != want {
		t.Error("what is saved is not what is shown")
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil || doc["sha256"] != hex.EncodeToString(sum[:]) {
		t.Errorf("sha256 %v, %v", doc["sha256"], err)
	}
}

func TestDecodeRefusesEveryOtherByte(t *testing.T) {
	short := plan.Policy{Strategy: plan.Direct}
	for _, data := range [][]byte{
		encode(t, build(t, short, site{live: "www 3600 A 192.0.2.1", want: "www 3600 A 192.0.2.2"})),
		encode(t, opened(t)),
	} {
		refusesEveryOtherByte(t, data)
	}
}

func refusesEveryOtherByte(t *testing.T, data []byte) {
	t.Helper()
	for i := range data {
		edited := bytes.Clone(data)
		edited[i] ^= 1 << (i % 8)
		p, err := plan.Decode(edited)
		if p != nil || !errors.Is(err, plan.ErrDamaged) && !errors.Is(err, plan.ErrNewer) {
			t.Fatalf("byte %d %q as %q: %v", i, data[i], edited[i], err)
		}
	}
	for n := range data {
		if p, err := plan.Decode(data[:n]); p != nil || !errors.Is(err, plan.ErrDamaged) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
}

func TestDecodeRefusesEdits(t *testing.T) {
	data := string(encode(t, example(t)))
	compact := new(bytes.Buffer)
	if err := json.Compact(compact, []byte(data)); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, edited string }{
		{"another address", strings.Replace(data, "192.0.2.2", "192.0.2.3", 1)},
		{"a blank more", strings.Replace(data, `"id": `, `"id":  `, 1)},
		{"a newline more", data + "\n"},
		{"twice", data + data},
		{"no seal", strings.Replace(data, `"sha256": "`, `"sha512": "`, -1)},
		{"without white space", compact.String()},
		{"with Windows line ends", strings.ReplaceAll(data, "\n", "\r\n")},
		{"with a byte order mark", "\ufeff" + data},
		{"a member behind the seal", strings.TrimSuffix(data, "\n}\n") + ",\n  \"steps\": []\n}\n"},
		{"nothing", ""},
		{"null", "null"},
		{"a list", "[]"},
		{"another document", `{"format_version": 1}`},
	}
	for _, tt := range tests {
		if p, err := plan.Decode([]byte(tt.edited)); p != nil || !errors.Is(err, plan.ErrDamaged) {
			t.Errorf("%s: %v, %v", tt.name, p, err)
		}
	}
}

func TestDecodeOfANewerFormat(t *testing.T) {
	for _, edited := range []string{
		`{"format_version": 2}`,
		strings.Replace(string(encode(t, example(t))), `"format_version": 1`, `"format_version": 2`, 1),
	} {
		p, err := plan.Decode([]byte(edited))
		if p != nil || !errors.Is(err, plan.ErrNewer) || errors.Is(err, plan.ErrDamaged) {
			t.Errorf("%v, %v", p, err)
		}
		if want := "the plan file has a newer format: version 2, this dnsplan reads up to 1"; err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// seal makes a saved plan of any document, as a hand that knows the rule could.
func seal(doc []byte) []byte {
	body := bytes.TrimSuffix(doc, []byte("\n}\n"))
	sum := sha256.Sum256(body)
	return append(bytes.Clone(body), ",\n  \"sha256\": \""+hex.EncodeToString(sum[:])+"\"\n}\n"...)
}

// TestDecodeChecksReferences: a sealed plan whose parts do not fit together is
// damaged too, so that nothing behind Decode has to look.
func TestDecodeChecksReferences(t *testing.T) {
	tests := []struct {
		name string
		edit func(*plan.Plan)
	}{
		{"format version 0", func(p *plan.Plan) { p.FormatVersion = 0 }},
		{"a change in an unknown zone", func(p *plan.Plan) { p.Changes[0].View = "other" }},
		{"two changes with one id", func(p *plan.Plan) { p.Changes[1].ID = "c1" }},
		{"a step about an unknown change", func(p *plan.Plan) { p.Steps[0].Changes = []string{"c99"} }},
		{"a step after an unknown one", func(p *plan.Plan) { p.Steps[1].After = []string{"s99"} }},
		{"a step after a later one", func(p *plan.Plan) { p.Steps[0].After = []string{"s2"} }},
		{"a step after itself", func(p *plan.Plan) { p.Steps[0].After = []string{"s1"} }},
		{"no such action", func(p *plan.Plan) { p.Changes[0].Action = "replace" }},
		{"an update of nothing", func(p *plan.Plan) { p.Changes[0].Before = nil }},
		{"an update to nothing", func(p *plan.Plan) { p.Changes[0].After = nil }},
		{"a create of what is there", func(p *plan.Plan) { p.Changes[0].Action = plan.Create }},
		{"a delete that leaves something", func(p *plan.Plan) { p.Changes[0].Action = plan.Delete }},
		{"neither before nor after", func(p *plan.Plan) { p.Changes[0].Before, p.Changes[0].After = nil, nil }},
	}
	for _, tt := range tests {
		p := build(t, policy(), site{live: "a 3600 A 192.0.2.1\nb 60 A 192.0.2.1", want: "a 3600 A 192.0.2.2\nb 60 A 192.0.2.2"})
		tt.edit(p)
		if got, err := plan.Decode(seal(marshal(t, p))); got != nil || !errors.Is(err, plan.ErrDamaged) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, file := range []string{"testdata/update.json", "testdata/empty.json"} {
		doc, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(doc)
	}
	f.Add([]byte(`{"format_version":1}`))
	f.Add(marshal(f, opened(f)))
	f.Fuzz(func(t *testing.T, doc []byte) {
		if p, err := plan.Decode(doc); (p == nil) == (err == nil) {
			t.Fatalf("plan %v with error %v", p, err)
		}
		p, err := plan.Decode(seal(doc))
		if err != nil {
			if p != nil || !errors.Is(err, plan.ErrDamaged) && !errors.Is(err, plan.ErrNewer) {
				t.Fatalf("plan %v with error %v", p, err)
			}
			return
		}
		for i := range p.Changes {
			for _, k := range []plan.Kind{plan.StepLower, plan.StepSwitch, plan.StepRaise, plan.StepProxyOn} {
				p.Changes[i].Move(k)
			}
		}
		again, err := plan.Decode(encode(t, p))
		if err != nil {
			t.Fatalf("decoded, but not a second time: %v", err)
		}
		if a, b := encode(t, p), encode(t, again); !bytes.Equal(a, b) {
			t.Fatalf("encoded differently:\n%s\n%s", a, b)
		}
	})
}
