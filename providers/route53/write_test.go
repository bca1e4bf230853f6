package route53_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/route53"
	"github.com/dnsplan/dnsplan/providers/route53/route53test"
)

// sent is what a change batch says, a line for each change.
func sent(t testing.TB, s *route53test.Server) (batches [][]string) {
	t.Helper()
	for _, c := range s.Log() {
		if c.Action != "ChangeResourceRecordSets" {
			continue
		}
		var r struct {
			Changes []struct {
				Action string
				Set    route53test.Set `xml:"ResourceRecordSet"`
			} `xml:"ChangeBatch>Changes>Change"`
		}
		if err := xml.Unmarshal(c.Body, &r); err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, ch := range r.Changes {
			lines = append(lines, ch.Action+" "+ch.Set.String())
		}
		batches = append(batches, lines)
	}
	return batches
}

// A write is one batch that deletes what was seen and creates what is wanted.
func TestBatch(t *testing.T) {
	healthy := route53test.Simple("web.example.org", "A", 300, "192.0.2.1", "192.0.2.2")
	healthy.HealthCheckID = "abcdef11-2222-3333-4444-555555fedcba"
	s, z := account(t, healthy,
		route53test.Simple("web.example.org", "AAAA", 300, "2001:DB8::0001"),
		route53test.Simple("old.example.org", "A", 300, "192.0.2.9"),
		route53test.Simple("same.example.org", "A", 300, "192.0.2.8"),
		route53test.Simple("cn.example.org", "CNAME", 60, "www.example.net"),
		route53test.Simple("cn.sub.example.org", "TXT", 60, `"x"`),
	)
	p := fast(t, s)
	cname4, cname6 := change("", "cn 60 A 203.0.113.3"), change("", "cn 60 AAAA 2001:db8::3")
	cname4.Replaces, cname6.Replaces = "www.example.net.", "www.example.net."
	receipt := write(t, p,
		change("web 300 A 192.0.2.1 192.0.2.2", "web 60 A 192.0.2.2 203.0.113.1"),
		change("", "new 60 A 203.0.113.1"),
		change("web 300 AAAA 2001:db8::1", "web 60 AAAA 2001:db8::1"),
		cname4, cname6,
		change("same 300 A 192.0.2.8", "same 300 A 192.0.2.8"),
		change("old 300 A 192.0.2.9", ""),
	)
	want := [][]string{{
		"DELETE web.example.org. A 300 192.0.2.1 192.0.2.2 health check abcdef11-2222-3333-4444-555555fedcba",
		"DELETE web.example.org. AAAA 300 2001:DB8::0001",
		"CREATE web.example.org. A 60 192.0.2.2 203.0.113.1 health check abcdef11-2222-3333-4444-555555fedcba",
		"CREATE web.example.org. AAAA 60 2001:db8::1",
		"CREATE new.example.org. A 60 203.0.113.1",
		"DELETE cn.example.org. CNAME 60 www.example.net",
		"CREATE cn.example.org. A 60 203.0.113.3",
		"CREATE cn.example.org. AAAA 60 2001:db8::3",
		"DELETE old.example.org. A 300 192.0.2.9",
	}}
	if got := sent(t, s); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%q,\nwant %q", got, want)
	}
	if receipt.ID != "C000001" || receipt.Requests != 2 || receipt.Accepted.IsZero() {
		t.Errorf("receipt %+v", receipt)
	}
	if n := len(z.Sets()); n != 9 {
		t.Errorf("%d sets: %v", n, z.Sets())
	}
}

// Little is listed for few names, and the whole zone where that is less.
func TestLookCosts(t *testing.T) {
	var sets []route53test.Set
	for i := range 1000 {
		sets = append(sets, route53test.Simple(fmt.Sprintf("h%d.example.org", i), "A", 300, "192.0.2.1"))
	}
	s, _ := account(t, sets...)
	p := fast(t, s)
	for names, want := range map[int]int{1: 1, 2: 2, 4: 4, 5: 4, 400: 4} {
		var keys []zone.Key
		for i := range names {
			k := key(fmt.Sprintf("h%d.example.org", i), zone.A)
			keys = append(keys, k, zone.Key{Name: k.Name, Type: zone.AAAA})
		}
		s.Forget()
		snap, err := p.Look(t.Context(), org, keys)
		if err != nil || len(snap.RRsets) != names {
			t.Errorf("%d names: %v, %v", names, snap, err)
		}
		if got := s.Count("ListResourceRecordSets"); got != want {
			t.Errorf("%d names take %d requests, want %d", names, got, want)
		}
	}
}

// Batches keep to 1,000 values and 32,000 characters, and names whole.
func TestChunks(t *testing.T) {
	long := func(i int) string { return fmt.Sprintf("2001:db8:1111:2222:3333:4444:5555:%x", 0x1000+i) }
	many := func(n, per int) []string {
		values := make([]string, n)
		for i := range n {
			values[i] = fmt.Sprintf("10.%d.%d.%d", per, i>>8, i&255)
		}
		return values
	}
	for _, tt := range []struct {
		name  string
		lines func() []string
		want  []int // changes in each batch
	}{
		{"500 changes", func() (l []string) {
			for i := range 501 {
				l = append(l, fmt.Sprintf("h%d 60 A 192.0.2.1", i))
			}
			return l
		}, []int{500, 1}},
		{"both of a name", func() (l []string) {
			for i := range 249 {
				l = append(l, fmt.Sprintf("h%d 60 A 192.0.2.1", i), fmt.Sprintf("h%d 60 AAAA 2001:db8::1", i))
			}
			return append(l, "x 60 A 192.0.2.1", "last 60 A 192.0.2.1", "last 60 AAAA 2001:db8::1")
		}, []int{499, 2}},
		{"values", func() (l []string) {
			for i := range 6 {
				l = append(l, fmt.Sprintf("h%d 60 A %s", i, strings.Join(many(200, i), " ")))
			}
			return l
		}, []int{5, 1}},
		{"characters", func() (l []string) {
			for i := range 5 {
				var values []string
				for j := range 200 {
					values = append(values, long(200*i+j))
				}
				l = append(l, fmt.Sprintf("h%d 60 AAAA %s", i, strings.Join(values, " ")))
			}
			return l
		}, []int{4, 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, z := account(t)
			var changes []providers.Change
			for _, l := range tt.lines() {
				changes = append(changes, change("", l))
			}
			receipt := write(t, fast(t, s), changes...)
			var got []int
			for _, b := range sent(t, s) {
				got = append(got, len(b))
			}
			if !slices.Equal(got, tt.want) || len(strings.Split(receipt.ID, ",")) != len(tt.want) || len(addresses(z)) != len(changes) {
				t.Errorf("batches of %v changes, want %v; receipt %+v", got, tt.want, receipt)
			}
		})
	}
	t.Run("too many at one name", func(t *testing.T) {
		s, _ := account(t)
		p := fast(t, s)
		a, b := "x 60 A "+strings.Join(many(400, 1), " "), "x 60 A "+strings.Join(many(400, 2), " ")
		write(t, p, change("", a))
		write(t, p, change(a, b)) // 800 values
		var six []string
		for i := range 300 {
			six = append(six, long(i))
		}
		v6 := "x 60 AAAA " + strings.Join(six, " ")
		err := second(p.Write(t.Context(), org, []providers.Change{change(b, a), change("", v6)}))
		if r, ok := errors.AsType[*providers.RefusedError](err); !ok || len(r.Keys) != 2 || s.Count("ChangeResourceRecordSets") != 2 {
			t.Errorf("%v, want a refusal of both without a request", err)
		}
	})
	t.Run("impossible", func(t *testing.T) {
		s, _ := account(t)
		bad := change("", "a 60 A 192.0.2.1")
		bad.After.Proxied = true
		err := second(fast(t, s).Write(t.Context(), org, []providers.Change{change("", "b 60 A 192.0.2.1"), bad}))
		if r, ok := errors.AsType[*providers.RefusedError](err); !ok || len(r.Keys) != 2 || r.Culprit != bad.Key() || len(s.Log()) != 0 {
			t.Errorf("%v, want a refusal of both for a, without a request", err)
		}
	})
}

func second(_ providers.Receipt, err error) error { return err }

// between lets somebody edit the zone between a write's list and its batch.
func between(s *route53test.Server, edit func()) {
	s.Inject(func(_ http.ResponseWriter, c route53test.Call) bool {
		if c.Action == "ChangeResourceRecordSets" {
			edit()
			edit = func() {}
		}
		return false
	})
}

// What moves between the list and the batch is a conflict that says what is
// there now; the batch is refused whole.
func TestMovedInBetween(t *testing.T) {
	for _, tt := range []struct {
		name   string
		edit   func(*route53test.Zone)
		change providers.Change
		now    string
	}{
		{
			"other values", func(z *route53test.Zone) { z.Put(route53test.Simple("www.example.org", "A", 300, "192.0.2.7")) },
			change("www 300 A 192.0.2.1", "www 60 A 203.0.113.1"), "www.example.org. 300 A 192.0.2.7",
		},
		{
			"another TTL", func(z *route53test.Zone) { z.Put(route53test.Simple("www.example.org", "A", 301, "192.0.2.1")) },
			change("www 300 A 192.0.2.1", "www 60 A 192.0.2.1"), "www.example.org. 301 A 192.0.2.1",
		},
		{
			"gone", func(z *route53test.Zone) { z.Remove("www.example.org", "A") },
			change("www 300 A 192.0.2.1", ""), "nothing",
		},
		{
			"created", func(z *route53test.Zone) { z.Put(route53test.Simple("*.example.org", "A", 60, "192.0.2.7")) },
			change("", "* 60 A 203.0.113.1"), "*.example.org. 60 A 192.0.2.7",
		},
	} {
		for _, legacy := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, legacy %t", tt.name, legacy), func(t *testing.T) {
				s, z := account(t, route53test.Simple("www.example.org", "A", 300, "192.0.2.1"))
				if legacy {
					s.Legacy()
				}
				between(s, func() { tt.edit(z) })
				err := second(fast(t, s).Write(t.Context(), org, []providers.Change{change("", "a 60 A 203.0.113.1"), tt.change}))
				c, ok := errors.AsType[*providers.ConflictError](err)
				if !ok || !slices.Equal(c.Keys, []zone.Key{tt.change.Key()}) || !strings.Contains(err.Error(), ", now "+tt.now) {
					t.Errorf("%v, want a conflict: now %s", err, tt.now)
				}
				if slices.Contains(addresses(z), "a.example.org. A 60 203.0.113.1") {
					t.Error("a part of the batch was written")
				}
			})
		}
	}
	t.Run("and back", func(t *testing.T) {
		s, _ := account(t)
		s.Inject(func(w http.ResponseWriter, c route53test.Call) bool {
			if c.Action != "ChangeResourceRecordSets" {
				return false
			}
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `<ErrorResponse><Error><Type>Sender</Type><Code>InvalidChangeBatch</Code><Message>[Tried to create resource record set [name='b.example.org.', type='A'] but it already exists]</Message></Error></ErrorResponse>`)
			return true
		})
		err := second(fast(t, s).Write(t.Context(), org, []providers.Change{change("", "a 60 A 192.0.2.1"), change("", "b 60 A 192.0.2.1")}))
		c, ok := errors.AsType[*providers.ConflictError](err)
		if !ok || len(c.Keys) != 2 || !strings.Contains(err.Error(), "already exists") {
			t.Errorf("%v, want a conflict that names both", err)
		}
	})
	t.Run("became weighted", func(t *testing.T) {
		s, z := account(t)
		between(s, func() { z.Put(route53test.Weighted("w.example.org", "A", "one", 1, 60, "192.0.2.1")) })
		err := second(fast(t, s).Write(t.Context(), org, []providers.Change{change("", "a 60 A 192.0.2.1"), change("", "w 60 A 192.0.2.1")}))
		r, ok := errors.AsType[*providers.RefusedError](err)
		if !ok || r.Culprit != key("w.example.org", zone.A) || len(r.Keys) != 2 || !strings.Contains(r.Reason, "other RRSets exist") {
			t.Errorf("%v, want a refusal that names w.example.org", err)
		}
	})
	t.Run("became a CNAME", func(t *testing.T) {
		s, z := account(t)
		between(s, func() { z.Put(route53test.Simple("w.example.org", "CNAME", 60, "x.example.org")) })
		err := second(fast(t, s).Write(t.Context(), org, []providers.Change{change("", "w 60 AAAA 2001:db8::1")}))
		r, ok := errors.AsType[*providers.RefusedError](err)
		if !ok || r.Culprit != key("w.example.org", zone.AAAA) {
			t.Errorf("%v, want a refusal that names w.example.org", err)
		}
	})
}

func TestRefusedBeforeAnyRequest(t *testing.T) {
	proxied := set("www 60 A 192.0.2.1")
	proxied.Proxied = true
	double := change("", "www 60 A 192.0.2.1")
	v6 := set("www 60 A 192.0.2.1")
	v6.Type = zone.AAAA
	empty := set("www 60 A")
	s, _ := account(t)
	p := fast(t, s)
	for name, changes := range map[string][]providers.Change{
		"outside":           {change("", "www.example.net. 60 A 192.0.2.1")},
		"proxied":           {{After: proxied}},
		"twice":             {double, double},
		"another family":    {{After: v6}},
		"no address":        {{After: empty}},
		"nothing":           {{}},
		"another key":       {{Before: set("a 60 A 192.0.2.1"), After: set("b 60 A 192.0.2.1")}},
		"a delete replaces": {{Before: set("a 60 A 192.0.2.1"), Replaces: "x."}},
	} {
		if _, err := p.Write(t.Context(), org, changes); err == nil || errors.Is(err, providers.ErrUnknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r, err := p.Write(t.Context(), org, nil); err != nil || r.Requests != 0 {
		t.Errorf("no changes: %+v, %v", r, err)
	}
	if len(s.Log()) != 0 {
		t.Errorf("requests: %v", s.Log())
	}
}

// A CNAME record with a policy is not replaced, nor is one that moved.
func TestCNAMEs(t *testing.T) {
	s, z := account(t,
		route53test.Weighted("w.example.org", "CNAME", "one", 1, 60, "x.example.net."),
		route53test.Alias("al.example.org", "CNAME", "x.example.net.", "Z1"),
		route53test.Simple("c.example.org", "CNAME", 60, "x.example.net."),
	)
	p := fast(t, s)
	for name, want := range map[string]error{"w": providers.ErrForeign, "al": providers.ErrForeign, "gone": providers.ErrConflict} {
		c := change("", name+" 60 A 192.0.2.1")
		c.Replaces = "x.example.net."
		if wrong := wrongErr(second(p.Write(t.Context(), org, []providers.Change{c})), want, name+".example.org."); wrong != "" {
			t.Error(wrong)
		}
	}
	c := change("", "c 60 A 192.0.2.1")
	c.Replaces = "y.example.net."
	if wrong := wrongErr(second(p.Write(t.Context(), org, []providers.Change{c})), providers.ErrConflict, "now to x.example.net."); wrong != "" {
		t.Error(wrong)
	}
	c.Replaces = ""
	err := second(p.Write(t.Context(), org, []providers.Change{c}))
	if r, ok := errors.AsType[*providers.RefusedError](err); !ok || !strings.Contains(r.Reason, "CNAME record to x.example.net.") {
		t.Errorf("%v", err)
	}
	if len(addresses(z)) != 0 || s.Count("ChangeResourceRecordSets") != 0 {
		t.Errorf("%v", z.Sets())
	}
}

// Throttling, and a change that is still being taken in, are sat out; what lasts
// longer is a rate limit with which nothing was written.
func TestThrottling(t *testing.T) {
	for _, tt := range []struct {
		name     string
		throttle func(*route53test.Server)
		fails    bool
	}{
		{"write 4 times", func(s *route53test.Server) { s.Throttle("ChangeResourceRecordSets", 4) }, false},
		{"prior request 4 times", func(s *route53test.Server) { s.PriorRequests(4) }, false},
		{"list 4 times", func(s *route53test.Server) { s.Throttle("ListResourceRecordSets", 4) }, false},
		{"look-up 4 times", func(s *route53test.Server) { s.Throttle("ListHostedZonesByName", 4) }, false},
		{"in other words", func(s *route53test.Server) {
			for _, code := range []string{"ThrottledException", "TooManyRequestsException", "SlowDown", "RequestLimitExceeded"} {
				s.Inject(answer("ChangeResourceRecordSets", http.StatusBadRequest, code, "too fast"))
			}
		}, false},
		{"write for long", func(s *route53test.Server) { s.Throttle("ChangeResourceRecordSets", 1000) }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, z := account(t)
			tt.throttle(s)
			err := second(fast(t, s).Write(t.Context(), org, []providers.Change{change("", "www 60 A 192.0.2.1")}))
			if !tt.fails {
				if err != nil || len(addresses(z)) != 1 {
					t.Errorf("%v, %v", err, z.Sets())
				}
				return
			}
			if _, ok := errors.AsType[*providers.RateLimitError](err); !ok || len(addresses(z)) != 0 || s.Count("ChangeResourceRecordSets") < 5 {
				t.Errorf("%v after %d tries, want a RateLimitError after 5", err, s.Count("ChangeResourceRecordSets"))
			}
		})
	}
}

// The provider's limits keep what the fake refuses from being sent; the fake
// itself refuses it.
func TestLimits(t *testing.T) {
	s, _ := account(t)
	l := fast(t, s).Limits(org)
	if l.MinTTL != 1 || l.MaxTTL != zone.MaxTTL || l.Proxy || !l.Atomic || !l.Conditional || l.Batch != 500 || l.Sync.Seconds() != 60 || l.Late != providers.LateHTTP || len(s.Log()) != 0 {
		t.Errorf("%+v after %v", l, s.Log())
	}
}

var _ providers.Examiner = (*route53.Provider)(nil)
