package namesilo_test

import (
	"context"
	"errors"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/namesilo"
	"github.com/dnsplan/dnsplan/providers/namesilo/namesilotest"
)

var alias = namesilotest.Record{ID: "c1", Type: "CNAME", Host: "alias", Value: "mail.example.net", TTL: 3600}

// TestRequests shows which requests a change takes, in which order: no name has
// fewer values at any moment than before or after.
func TestRequests(t *testing.T) {
	one, both := a("r1", "www", "192.0.2.1", 3600), a("r2", "www", "192.0.2.2", 3600)
	for _, c := range []struct {
		name          string
		seed          []namesilotest.Record
		before, after string
		want          []string
	}{
		{"create", nil, "", "www 3600 A 192.0.2.1", []string{"add type=A host=www ttl=3600 value=192.0.2.1"}},
		{"apex", nil, "", "@ 3600 A 192.0.2.1", []string{"add type=A host= ttl=3600 value=192.0.2.1"}},
		{"wildcard", nil, "", "* 3600 A 192.0.2.1", []string{"add type=A host=* ttl=3600 value=192.0.2.1"}},
		{
			"swap in place",
			[]namesilotest.Record{one},
			"www 3600 A 192.0.2.1", "www 3600 A 203.0.113.1",
			[]string{"update id=r1 host=www ttl=3600 value=203.0.113.1"},
		},
		{
			"swap one of two",
			[]namesilotest.Record{one, both},
			"www 3600 A 192.0.2.1 192.0.2.2", "www 3600 A 192.0.2.2 203.0.113.1",
			[]string{"update id=r1 host=www ttl=3600 value=203.0.113.1"},
		},
		{
			"one to two, with the TTL",
			[]namesilotest.Record{one},
			"www 3600 A 192.0.2.1", "www 7200 A 203.0.113.1 203.0.113.2",
			[]string{"add type=A host=www ttl=7200 value=203.0.113.2", "update id=r1 host=www ttl=7200 value=203.0.113.1"},
		},
		{
			"two to one",
			[]namesilotest.Record{one, both},
			"www 3600 A 192.0.2.1 192.0.2.2", "www 7200 A 203.0.113.1",
			[]string{"update id=r1 host=www ttl=7200 value=203.0.113.1", "delete id=r2"},
		},
		{
			"TTL only",
			[]namesilotest.Record{one, both},
			"www 3600 A 192.0.2.1 192.0.2.2", "www 7200 A 192.0.2.1 192.0.2.2",
			[]string{"update id=r1 host=www ttl=7200 value=192.0.2.1", "update id=r2 host=www ttl=7200 value=192.0.2.2"},
		},
		{
			"two TTLs in one set",
			[]namesilotest.Record{one, a("r2", "www", "192.0.2.2", 86400)},
			"www 86400 A 192.0.2.1 192.0.2.2", "www 3600 A 192.0.2.1 192.0.2.2",
			[]string{"update id=r2 host=www ttl=3600 value=192.0.2.2"},
		},
		{"delete", []namesilotest.Record{one}, "www 3600 A 192.0.2.1", "", []string{"delete id=r1"}},
		{"nothing", []namesilotest.Record{one}, "www 3600 A 192.0.2.1", "www 3600 A 192.0.2.1", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, p := open(t, namesilotest.Options{NewIDs: true}, c.seed...)
			r, err := p.Write(t.Context(), org, []providers.Change{change(c.before, c.after)})
			if err != nil {
				t.Fatal(err)
			}
			wantLines(t, "requests", wrote(s), c.want...)
			if n := len(s.Requests()); n != len(c.want)+1 || r.Requests != n {
				t.Errorf("%d requests, receipt says %d, want one list more than %d", n, r.Requests, len(c.want))
			}
		})
	}
}

// TestNamesTogether has the A and AAAA records of one name apart in the batch.
func TestNamesTogether(t *testing.T) {
	s, p := open(t, namesilotest.Options{}, alias)
	four, six := change("", "alias 3600 A 192.0.2.1"), change("", "alias 3600 AAAA 2001:db8::1")
	four.Replaces = "mail.example.net."
	_, err := p.Write(t.Context(), org, []providers.Change{four, change("", "b 3600 A 192.0.2.1"), six})
	if err != nil {
		t.Fatal(err)
	}
	wantLines(t, "requests", wrote(s),
		"delete id=c1",
		"add type=A host=alias ttl=3600 value=192.0.2.1",
		"add type=AAAA host=alias ttl=3600 value=2001:db8::1",
		"add type=A host=b ttl=3600 value=192.0.2.1")
}

// TestRefusedUnsent are changes that NameSilo cannot hold.
func TestRefusedUnsent(t *testing.T) {
	proxied, auto, family := change("", "www 3600 A 192.0.2.1"), change("", "www 3600 A 192.0.2.1"), change("", "www 3600 A 192.0.2.1")
	proxied.After.Proxied, auto.After.Auto, family.After.Type = true, true, zone.AAAA
	outside := change("", "www 3600 A 192.0.2.1")
	outside.After.Name = "www.example.net."
	for name, c := range map[string]providers.Change{
		"TTL too low":  change("", "www 3599 A 192.0.2.1"),
		"TTL too high": change("", "www 2592001 A 192.0.2.1"),
		"proxied":      proxied, "automatic TTL": auto, "family": family, "outside": outside,
	} {
		s, p := open(t, namesilotest.Options{})
		_, err := p.Write(t.Context(), org, []providers.Change{change("", "a 3600 A 192.0.2.1"), c})
		r, ok := errors.AsType[*providers.RefusedError](err)
		if !ok || r.Culprit != c.Key() || len(r.Keys) != 2 || len(s.Requests()) != 0 {
			t.Errorf("%s: error %v, %d requests", name, err, len(s.Requests()))
		}
	}
	s, p := open(t, namesilotest.Options{})
	for name, changes := range map[string][]providers.Change{
		"empty": {{}}, "twice": {change("", "a 3600 A 192.0.2.1"), change("", "a 3600 A 192.0.2.2")},
	} {
		if _, err := p.Write(t.Context(), org, changes); err == nil || len(s.Requests()) != 0 {
			t.Errorf("%s: error %v, %d requests", name, err, len(s.Requests()))
		}
	}
}

// TestPartly breaks a write of three sets at each request, in each way.
func TestPartly(t *testing.T) {
	seed := []namesilotest.Record{a("r1", "b", "192.0.2.1", 3600), a("r2", "c", "192.0.2.1", 3600)}
	changes := func() []providers.Change {
		return []providers.Change{
			change("", "a 3600 A 192.0.2.1"),
			change("b 3600 A 192.0.2.1", "b 3600 A 192.0.2.2"),
			change("c 3600 A 192.0.2.1", ""),
		}
	}
	ops := []string{"dnsAddRecord", "dnsUpdateRecord", "dnsDeleteRecord"}
	for i, op := range ops {
		for _, f := range []struct {
			name  string
			fault namesilotest.Fault
			// want is the error beside ErrPartial; landed tells whether it was done.
			want   error
			landed bool
		}{
			{"lost reply", namesilotest.Lose(op, 0), providers.ErrUnknown, true},
			{"server error", namesilotest.Serve(op, 0, status(http.StatusBadGateway, "")), providers.ErrUnknown, false},
			{"not the API's", namesilotest.Serve(op, 0, status(http.StatusOK, "{}")), providers.ErrUnknown, false},
			{"internal error", namesilotest.Refuse(op, 0, 201, "Internal system error"), providers.ErrUnknown, false},
			{"refused", namesilotest.Refuse(op, 0, 280, "DNS modification error"), nil, false},
			{"key revoked", namesilotest.Refuse(op, 0, 110, "Invalid API Key"), providers.ErrCredentials, false},
			{"domain gone", namesilotest.Refuse(op, 0, 200, "Domain is not active, or does not belong to this user"), providers.ErrZoneNotFound, false},
		} {
			t.Run(op+" "+f.name, func(t *testing.T) {
				s, p := open(t, namesilotest.Options{}, seed...)
				s.Inject(f.fault)
				_, err := p.Write(t.Context(), org, changes())
				if errors.Is(err, providers.ErrPartial) != (i > 0) {
					t.Errorf("error %v, want ErrPartial: %t", err, i > 0)
				}
				if f.want != nil && !errors.Is(err, f.want) {
					t.Errorf("error %v, want %v", err, f.want)
				}
				if r, ok := errors.AsType[*providers.RefusedError](err); ok != (f.want == nil) || ok && (r.Culprit != changes()[i].Key() || len(r.Keys) != 3-i) {
					t.Errorf("error %v, want a refusal: %t", err, f.want == nil)
				}
				done := i
				if f.landed {
					done++
				}
				want := [][]string{
					{"b.example.org. 3600 A 192.0.2.1", "c.example.org. 3600 A 192.0.2.1"},
					{"a.example.org. 3600 A 192.0.2.1", "b.example.org. 3600 A 192.0.2.1", "c.example.org. 3600 A 192.0.2.1"},
					{"a.example.org. 3600 A 192.0.2.1", "b.example.org. 3600 A 192.0.2.2", "c.example.org. 3600 A 192.0.2.1"},
					{"a.example.org. 3600 A 192.0.2.1", "b.example.org. 3600 A 192.0.2.2"},
				}
				wantLines(t, "live", live(t, p), want[done]...)
				if n := len(wrote(s)); n != i+1 {
					t.Errorf("%d writes, want none after the one that failed and none again: %d", n, i+1)
				}
			})
		}
	}
}

func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

// TestHalfSet breaks between two records of one set, of which it must not be
// said that nothing was written.
func TestHalfSet(t *testing.T) {
	s, p := open(t, namesilotest.Options{})
	s.Inject(namesilotest.Refuse("dnsAddRecord", 1, 280, "quota"))
	_, err := p.Write(t.Context(), org, []providers.Change{change("", "www 3600 A 192.0.2.1 192.0.2.2")})
	if _, ok := errors.AsType[*providers.RefusedError](err); ok || !errors.Is(err, providers.ErrPartial) {
		t.Errorf("error %v, want ErrPartial that holds no RefusedError", err)
	}
	want := "write zone example.org.: partly written: 1 of 2 records: www.example.org. A: refused: NameSilo answers code 280: quota"
	if err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestHalfRaised breaks between two records whose TTL goes up: the set is not yet as
// wanted, and the same write does the rest.
func TestHalfRaised(t *testing.T) {
	s, p := open(t, namesilotest.Options{}, a("r1", "www", "192.0.2.1", 3600), a("r2", "www", "192.0.2.2", 3600))
	s.Inject(namesilotest.Refuse("dnsUpdateRecord", 1, 280, "busy"))
	const wanted = "www 7200 A 192.0.2.1 192.0.2.2"
	_, err := p.Write(t.Context(), org, []providers.Change{change("www 3600 A 192.0.2.1 192.0.2.2", wanted)})
	if !errors.Is(err, providers.ErrPartial) {
		t.Fatalf("error %v, want ErrPartial", err)
	}
	wantLines(t, "live", live(t, p), "www.example.org. 7200 A 192.0.2.1 192.0.2.2 (mixed TTLs)")
	before := len(wrote(s))
	if _, err := p.Write(t.Context(), org, []providers.Change{change(wanted, wanted)}); err != nil {
		t.Fatal(err)
	}
	wantLines(t, "live", live(t, p), "www.example.org. 7200 A 192.0.2.1 192.0.2.2")
	wantLines(t, "writes", wrote(s)[before:], "update id=r2 host=www ttl=7200 value=192.0.2.2")
}

// TestDuplicate adds what somebody else added behind the list.
func TestDuplicate(t *testing.T) {
	s, p := open(t, namesilotest.Options{}, a("r9", "www", "192.0.2.1", 7200))
	s.Inject(namesilotest.Serve("dnsListRecords", 0, status(http.StatusOK, `{"reply":{"code":300,"detail":"success"}}`)))
	c := change("", "www 3600 A 192.0.2.1")
	_, err := p.Write(t.Context(), org, []providers.Change{c})
	r, ok := errors.AsType[*providers.ConflictError](err)
	if !ok || r.Keys[0] != c.Key() || r.Live == nil || r.Live.TTL != 7200 || errors.Is(err, providers.ErrPartial) {
		t.Errorf("error %v, want a conflict that shows what is live", err)
	}
}

// TestBusy has the API ask for the same request again, which is safe.
func TestBusy(t *testing.T) {
	s, p := open(t, namesilotest.Options{})
	busy := func(op string, skip int) namesilotest.Fault {
		return namesilotest.Refuse(op, skip, 400, "Existing API request is still processing - request will need to be re-submitted")
	}
	s.Inject(busy("dnsListRecords", 0), busy("dnsAddRecord", 0))
	c := []providers.Change{change("", "www 3600 A 192.0.2.1")}
	if _, err := p.Write(t.Context(), org, c); err != nil {
		t.Fatal(err)
	}
	if n := len(s.Requests()); n != 4 || len(live(t, p)) != 1 {
		t.Errorf("%d requests, want each of two twice; live %v", n, live(t, p))
	}
	for range 5 {
		s.Inject(busy("dnsListRecords", 0))
	}
	if _, err := p.Read(t.Context(), org); !isLimited(err) {
		t.Errorf("error %v, want a RateLimitError", err)
	}
}

func isLimited(err error) bool {
	_, ok := errors.AsType[*providers.RateLimitError](err)
	return ok
}

// TestCNAMEComesBack refuses the address that was to take the place of a CNAME.
func TestCNAMEComesBack(t *testing.T) {
	const stands = "alias.example.org. 3600 CNAME mail.example.net."
	refuse := func(skip int) namesilotest.Fault { return namesilotest.Refuse("dnsAddRecord", skip, 280, "quota") }
	for _, c := range []struct {
		name    string
		faults  []namesilotest.Fault
		partial bool
		want    error
		live    []string
		text    string
	}{
		{"refused", []namesilotest.Fault{refuse(0)}, false, nil, []string{stands}, "refused: NameSilo answers code 280: quota"},
		{"second refused", []namesilotest.Fault{refuse(1)}, true, nil, []string{"alias.example.org. 3600 A 192.0.2.1"}, "2 of 3 records"},
		{"delete refused", []namesilotest.Fault{namesilotest.Refuse("dnsDeleteRecord", 0, 280, "no")}, false, nil, []string{stands}, "refused"},
		{
			"not put back either",
			[]namesilotest.Fault{refuse(0), refuse(0)},
			true, nil, nil, "the CNAME mail.example.net of it is deleted and was not put back",
		},
		{
			"reply lost: the address may be there",
			[]namesilotest.Fault{namesilotest.Lose("dnsAddRecord", 0)},
			true, providers.ErrUnknown,
			[]string{"alias.example.org. 3600 A 192.0.2.1"},
			"outcome unknown",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, p := open(t, namesilotest.Options{}, alias)
			s.Inject(c.faults...)
			ch := change("", "alias 3600 A 192.0.2.1 192.0.2.2")
			ch.Replaces = "mail.example.net."
			_, err := p.Write(t.Context(), org, []providers.Change{ch})
			if err == nil || errors.Is(err, providers.ErrPartial) != c.partial || !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %v, want %q, partial: %t", err, c.text, c.partial)
			}
			if c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			wantLines(t, "live", live(t, p), c.live...)
		})
	}
}

// TestCNAMEComesBackAfterCancel ends the context between the deletion and the
// address.
func TestCNAMEComesBackAfterCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var asked []string
	p := provider(t, namesilo.Config{Base: answers(func(r *http.Request) string {
		q := r.URL.Query()
		asked = append(asked, path.Base(r.URL.Path)+" "+q.Get("rrtype")+" "+q.Get("rrvalue"))
		switch path.Base(r.URL.Path) {
		case "dnsListRecords":
			return `{"reply":{"code":300,"resource_record":{"record_id":"c1","type":"CNAME","host":"alias.example.org","value":"mail.example.net","ttl":3600}}}`
		case "dnsDeleteRecord":
			cancel()
		}
		return `{"reply":{"code":300}}`
	})})
	ch := change("", "alias 3600 A 192.0.2.1")
	ch.Replaces = "mail.example.net."
	_, err := p.Write(ctx, org, []providers.Change{ch})
	if !errors.Is(err, context.Canceled) || errors.Is(err, providers.ErrPartial) || errors.Is(err, providers.ErrUnknown) {
		t.Errorf("error %v, want context.Canceled with nothing written", err)
	}
	wantLines(t, "requests", asked, "dnsListRecords  ", "dnsDeleteRecord  ", "dnsAddRecord CNAME mail.example.net")
}

// TestNoID writes to a record that the API lists without an id.
func TestNoID(t *testing.T) {
	s, p := open(t, namesilotest.Options{})
	const list = `{"reply":{"code":300,"resource_record":{"type":"A","host":"www.example.org","value":"192.0.2.1","ttl":3600}}}`
	s.Inject(namesilotest.Serve("dnsListRecords", 0, status(http.StatusOK, list)))
	_, err := p.Write(t.Context(), org, []providers.Change{change("www 3600 A 192.0.2.1", "")})
	if _, ok := errors.AsType[*providers.RefusedError](err); !ok || len(wrote(s)) != 0 {
		t.Errorf("error %v, writes %v", err, wrote(s))
	}
}

// TestOneWriteAtATime starts writes of many names at once, none of which may
// meet another.
func TestOneWriteAtATime(t *testing.T) {
	s, p := open(t, namesilotest.Options{})
	done := make(chan error)
	names := []string{"a", "b", "c", "d"}
	for _, n := range names {
		go func() {
			_, err := p.Write(t.Context(), org, []providers.Change{change("", n+" 3600 A 192.0.2.1 192.0.2.2")})
			done <- err
		}()
	}
	for range names {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	var ops []string
	for _, r := range s.Requests() {
		ops = append(ops, r.Op)
	}
	each := []string{"dnsListRecords", "dnsAddRecord", "dnsAddRecord"}
	if !slices.Equal(ops, slices.Repeat(each, len(names))) {
		t.Errorf("requests %v", ops)
	}
}
