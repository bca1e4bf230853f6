package generic_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/generic"
	"github.com/dnsplan/dnsplan/providers/providertest"
)

const testZone = "example.org."

// set reads "www 300 A 192.0.2.1 192.0.2.2"; nil for an empty line.
func set(line string) *zone.RRset { return providertest.ParseSet(testZone, line) }

func change(before, after string) providers.Change {
	return providertest.ParseChange(testZone, before, after)
}

// swap is the change that most tests make: one value stays, one goes, one comes.
const (
	seed       = "@ 3600 IN SOA ns1 hostmaster 1 7200 3600 1209600 300\nwww 3600 IN A 192.0.2.1\nwww 3600 IN A 192.0.2.2\n"
	swapBefore = "www 3600 A 192.0.2.1 192.0.2.2"
	swapAfter  = "www 300 A 192.0.2.1 203.0.113.11"
)

// TestMixed gives records of several TTLs one, also the highest of them, by whichever
// way a class has; where there is none, the set reads as it always did.
func TestMixed(t *testing.T) {
	const text = "www 300 IN A 192.0.2.1\nwww 3600 IN A 192.0.2.2\n"
	for class, tt := range classes() {
		t.Run(class, func(t *testing.T) {
			f := newFake(t, testZone, text+seed[:strings.Index(seed, "www")], tt.habits)
			p := open(t, f, tt.quirks)
			s, err := p.Read(t.Context(), testZone)
			if err != nil {
				t.Fatal(err)
			}
			live, _ := s.Find(set(swapBefore).Key)
			if fixed := tt.quirks.TTL == generic.TTLFixed; live.Mixed == fixed || live.TTL != 3600 {
				t.Fatalf("read %s", live)
			} else if fixed {
				return
			}
			if _, err := p.Write(t.Context(), testZone, []providers.Change{change(swapBefore, swapBefore)}); err != nil {
				t.Fatal(err)
			}
			got := f.addresses()
			slices.Sort(got)
			if want := []string{"www 3600 A 192.0.2.1", "www 3600 A 192.0.2.2"}; !slices.Equal(got, want) {
				t.Errorf("records %q, want %q, by %q", got, want, f.written())
			}
		})
	}
}

// TestSteps shows what each class is asked for, and that a name never has fewer
// values than before and after.
func TestSteps(t *testing.T) {
	all := classes()
	for _, tt := range []struct {
		class string
		want  []string
	}{
		{"append sets the TTL of the set (gandi)", []string{"append www 300 A 203.0.113.11", "delete www 300 A 192.0.2.2"}},
		{"SetRecords replaces (desec)", []string{"set www 300 A 192.0.2.1"}}, // the fake logs the first of them
		{"records by id (digitalocean)", []string{
			"set www 300 A 192.0.2.1", "append www 300 A 203.0.113.11", "delete www 3600 A 192.0.2.2, www 300 A 203.0.113.11",
		}},
		{"SetRecords in place (cloudns)", []string{"set www 300 A 192.0.2.1", "append www 300 A 203.0.113.11", "delete www 3600 A 192.0.2.2"}},
		{"two TTLs beside each other (transip)", []string{
			"append www 300 A 192.0.2.1, www 300 A 203.0.113.11", "delete www 3600 A 192.0.2.1, www 3600 A 192.0.2.2",
		}},
		{"another TTL is refused (hetzner)", []string{"ttl www 300 A *", "append www 300 A 203.0.113.11", "delete www 300 A 192.0.2.2"}},
		{"the vendor's API (ovh, bunny, glesys)", []string{"ttl www 300 A *", "append www 300 A 203.0.113.11", "delete www 300 A 192.0.2.2"}},
	} {
		t.Run(tt.class, func(t *testing.T) {
			f := newFake(t, testZone, seed, all[tt.class].habits)
			low := fewest(f, "www", "A")
			p := open(t, f, all[tt.class].quirks)
			receipt, err := p.Write(t.Context(), testZone, []providers.Change{change(swapBefore, swapAfter)})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, f.written()); d != "" {
				t.Errorf("calls (-want +got):\n%s", d)
			}
			if want := []string{"www 300 A 192.0.2.1", "www 300 A 203.0.113.11"}; !slices.Equal(f.addresses(), want) {
				t.Errorf("records %q, want %q", f.addresses(), want)
			}
			if *low < 2 {
				t.Errorf("the name once had %d values", *low)
			}
			if receipt.Requests != len(tt.want) || receipt.Accepted.IsZero() {
				t.Errorf("receipt %+v for %d calls", receipt, len(tt.want))
			}
		})
	}
}

// written returns the calls that write.
func (f *fake) written() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.calls), func(c string) bool { return c == "get" })
}

// TestSetInPlaceChangesOneRecordAtATime has a provider that writes the first
// wanted value over the record with the lowest id.
func TestSetInPlaceChangesOneRecordAtATime(t *testing.T) {
	c := classes()["SetRecords in place (cloudns)"]
	text := "www 3600 IN A 192.0.2.2\nwww 3600 IN A 192.0.2.1\nwww 3600 IN A 192.0.2.3\n"
	f := newFake(t, testZone, text, c.habits)
	low := fewest(f, "www", "A")
	line := "www 3600 A 192.0.2.1 192.0.2.2 192.0.2.3"
	_, err := open(t, f, c.quirks).Write(t.Context(), testZone, []providers.Change{change(line, strings.Replace(line, "3600", "300", 1))})
	if err != nil || *low != 3 {
		t.Errorf("error %v, fewest values %d, want none and 3", err, *low)
	}
}

// kind names an error by what the caller must do.
func kind(err error) string {
	for _, k := range []struct {
		err  error
		name string
	}{
		{providers.ErrPartial, "partial"},
		{providers.ErrUnknown, "unknown"},
		{providers.ErrConflict, "conflict"},
		{providers.ErrCredentials, "credentials"},
		{providers.ErrZoneNotFound, "no zone"},
	} {
		if errors.Is(err, k.err) {
			return k.name
		}
	}
	if _, ok := errors.AsType[*providers.RateLimitError](err); ok {
		return "rate"
	}
	if _, ok := errors.AsType[*providers.RefusedError](err); ok {
		return "refused"
	}
	if err != nil {
		return "plain"
	}
	return "none"
}

// TestFaults makes one call fail and looks at the error and at what is there.
func TestFaults(t *testing.T) {
	const (
		before = "www 3600 A 192.0.2.1, www 3600 A 192.0.2.2"
		after  = "www 3600 A 203.0.113.1, www 3600 A 203.0.113.2"
		both   = "www 3600 A 192.0.2.1, www 3600 A 192.0.2.2, www 3600 A 203.0.113.1, www 3600 A 203.0.113.2"
	)
	lost := errors.New("read tcp: connection reset by peer")
	for _, tt := range []struct {
		name  string
		fault func(call string, n int) fault
		kind  string
		holds string
		says  string
	}{
		{"the append's reply is lost, all was done", once("append", fault{-1, lost, false}), "none", after, ""},
		{"the delete's reply is lost, all was done", once("delete", fault{-1, lost, false}), "none", after, ""},
		{"the append is lost", once("append", fault{0, lost, false}), "plain", before, "connection reset"},
		{"nobody waits for the append", once("append", fault{0, &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, false}), "unknown", before, "i/o timeout"},
		{"a gateway gives the append up", once("append", fault{0, errors.New("HTTP 504: gateway"), false}), "unknown", before, "HTTP 504"},
		{"the append is refused", once("append", fault{0, errors.New("status code 422: bad"), false}), "refused", before, "status code 422: bad"},
		{"the append stops midway", once("append", fault{1, lost, false}), "partial", "www 3600 A 192.0.2.1, www 3600 A 192.0.2.2, www 3600 A 203.0.113.1", "found www.example.org. 3600 A 192.0.2.1 192.0.2.2 203.0.113.1"},
		{"the delete is refused", once("delete", fault{0, errors.New("HTTP 500"), false}), "partial", both, "HTTP 500"},
		{"the delete stops midway", once("delete", fault{1, lost, false}), "partial", "www 3600 A 192.0.2.2, www 3600 A 203.0.113.1, www 3600 A 203.0.113.2", "connection reset"},
		{"the append crashes, nothing done", once("append", fault{0, nil, true}), "plain", before, "panicked"},
		{"the append crashes when all is done", once("append", fault{-1, nil, true}), "none", after, ""},
		{"the credentials are refused", once("append", fault{0, errors.New("returned a 403 (no scope)"), false}), "credentials", before, "check that the credentials"},
		{"the token is revoked", once("append", fault{0, errors.New("Unauthorized (401)"), false}), "credentials", before, "Unauthorized"},
		{"too many requests", once("append", fault{0, errors.New("HTTP 429: slow down"), false}), "rate", before, "slow down"},
		{"the read-back fails", func(call string, n int) fault {
			if call == "get" && n > 0 {
				return fault{err: errors.New("HTTP 502")}
			}
			return fault{}
		}, "unknown", both, "HTTP 502"},
		{"the append fails and so does the read-back", func(call string, n int) fault {
			if call == "append" || n > 0 {
				return fault{1, errors.New("HTTP 502"), false}
			}
			return fault{}
		}, "unknown", "www 3600 A 192.0.2.1, www 3600 A 192.0.2.2, www 3600 A 203.0.113.1", "HTTP 502"},
		{"the first read fails", func(call string, _ int) fault {
			if call == "get" {
				return fault{err: errors.New("HTTP 500: canary-secret")}
			}
			return fault{}
		}, "plain", before, "HTTP 500: [redacted]"},
		{"the first read crashes", func(call string, _ int) fault {
			if call == "get" {
				return fault{panics: true}
			}
			return fault{}
		}, "plain", before, "one record that libdns cannot parse"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, testZone, seed, habits{})
			f.fault = tt.fault
			_, err := open(t, f, generic.Quirks{}).Write(t.Context(), testZone, []providers.Change{
				change(swapBefore, "www 3600 A 203.0.113.1 203.0.113.2"),
			})
			if got := kind(err); got != tt.kind {
				t.Errorf("error %q (%v), want %q", got, err, tt.kind)
			}
			if got := strings.Join(f.addresses(), ", "); got != tt.holds {
				t.Errorf("the zone holds\n%s, want\n%s", got, tt.holds)
			}
			text := fmt.Sprint(err)
			if !strings.Contains(text, tt.says) || strings.Contains(text, "canary-secret") {
				t.Errorf("error %q, want %q in it and no secret", text, tt.says)
			}
		})
	}
}

// once is a fault of the first such call.
func once(call string, ft fault) func(string, int) fault {
	struck := false
	return func(c string, _ int) fault {
		if c != call || struck {
			return fault{}
		}
		struck = true
		return ft
	}
}

func TestClampedTTLIsPartial(t *testing.T) {
	f := newFake(t, testZone, seed, habits{clamp: time.Hour})
	_, err := open(t, f, generic.Quirks{}).Write(t.Context(), testZone, []providers.Change{change(swapBefore, "www 300 A 203.0.113.11")})
	if kind(err) != "partial" || !strings.Contains(err.Error(), "wanted www.example.org. 300 A 203.0.113.11, found www.example.org. 3600 A 192.0.2.1 192.0.2.2 203.0.113.11") {
		t.Errorf("error %v, want a partial one with both sets", err)
	}
}

// TestRefusedBeforehand makes no call that writes.
func TestRefusedBeforehand(t *testing.T) {
	limits := providers.Limits{MinTTL: 60, MaxTTL: 86400}
	for _, tt := range []struct {
		name          string
		quirks        generic.Quirks
		before, after string
		says          string
	}{
		{"below the minimum", generic.Quirks{Limits: limits}, "", "new 30 A 192.0.2.9", "TTL 30 is not from 60 to 86400"},
		{"above the maximum", generic.Quirks{Limits: limits}, "", "new 86401 A 192.0.2.9", "TTL 86401 is not from 60 to 86400"},
		{"none of the list", generic.Quirks{TTLs: []zone.TTL{60, 300, 900}}, "", "new 600 A 192.0.2.9", "TTL 600 is none of those that the provider takes: [60 300 900]"},
		{"no way to change the TTL", generic.Quirks{}, swapBefore, "www 300 A 192.0.2.1 192.0.2.2", "the TTL of values that stay cannot be changed from 3600 to 300"},
		{"a name with escapes", generic.Quirks{}, "", `a\.b 300 A 192.0.2.9`, "names with escapes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, testZone, seed, habits{})
			_, err := open(t, f, tt.quirks).Write(t.Context(), testZone, []providers.Change{
				change("", "other 300 A 192.0.2.7"), change(tt.before, tt.after),
			})
			refused, ok := errors.AsType[*providers.RefusedError](err)
			if !ok || len(refused.Keys) != 2 || refused.Culprit.Name.Relative(testZone) == "other" || !strings.Contains(refused.Reason, tt.says) {
				t.Errorf("error %v, want a refusal of both with %q", err, tt.says)
			}
			if calls := f.written(); len(calls) > 0 {
				t.Errorf("calls %q", calls)
			}
		})
	}
}

func TestTTLsStayWhereTheyAreOutsideTheLimits(t *testing.T) {
	f := newFake(t, testZone, "www 30 IN A 192.0.2.1\n", habits{})
	q := generic.Quirks{Limits: providers.Limits{MinTTL: 60}}
	if _, err := open(t, f, q).Write(t.Context(), testZone, []providers.Change{change("www 30 A 192.0.2.1", "www 30 A 192.0.2.2")}); err != nil {
		t.Error(err)
	}
}

// TestCNAMEComesBack replaces a CNAME record by a set that the vendor refuses.
func TestCNAMEComesBack(t *testing.T) {
	f := newFake(t, testZone, "www 300 IN CNAME mail\n", habits{})
	f.fault = once("append", fault{0, errors.New("HTTP 422: no"), false})
	c := change("", "www 300 A 192.0.2.1")
	c.Replaces = "mail." + testZone
	_, err := open(t, f, generic.Quirks{}).Write(t.Context(), testZone, []providers.Change{c})
	if kind(err) != "refused" {
		t.Errorf("error %v, want a refusal: nothing has changed in the end", err)
	}
	if got := f.others(); len(got) != 1 || !strings.Contains(got[0], "CNAME mail.example.org.") {
		t.Errorf("records %q, want the CNAME record", got)
	}
}

func TestRecordsThatAnswerInPlaceOfAddresses(t *testing.T) {
	f := newFake(t, testZone, seed, habits{})
	f.records = append(f.records, held{99, "@", "ALIAS", "cdn.example.net.", time.Hour})
	_, err := open(t, f, generic.Quirks{}).Write(t.Context(), testZone, []providers.Change{change("", "@ 300 A 192.0.2.1")})
	if kind(err) != "refused" || !strings.Contains(err.Error(), "record of type ALIAS") {
		t.Errorf("error %v, want a refusal that names ALIAS", err)
	}
}

// TestListsThatLag reads back what was there before, once.
func TestListsThatLag(t *testing.T) {
	f := newFake(t, testZone, seed, habits{})
	f.stale = slices.Clone(f.records)
	f.fault = func(call string, _ int) fault {
		if call != "get" {
			f.staleN = 1
		}
		return fault{}
	}
	_, err := open(t, f, generic.Quirks{}).Write(t.Context(), testZone, []providers.Change{change(swapBefore, "www 3600 A 203.0.113.1")})
	if err != nil {
		t.Error(err)
	}
}

// TestCancelledInTheMiddle cancels while the append is under way.
func TestCancelledInTheMiddle(t *testing.T) {
	f := newFake(t, testZone, seed, habits{})
	ctx, cancel := context.WithCancel(t.Context())
	f.fault = func(call string, _ int) fault {
		if call == "append" {
			cancel()
			return fault{-1, errors.New("post: context canceled"), false}
		}
		return fault{}
	}
	_, err := open(t, f, generic.Quirks{}).Write(ctx, testZone, []providers.Change{change("", "new 300 A 192.0.2.9")})
	if !errors.Is(err, providers.ErrUnknown) || !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want ErrUnknown and the context's", err)
	}
}

// TestPublish has the zone served after a call that failed with all done.
func TestPublish(t *testing.T) {
	f := newFake(t, testZone, seed, habits{})
	f.fault = once("append", fault{-1, errors.New("HTTP 500"), false})
	published := 0
	p, err := generic.New(f, generic.Quirks{}, generic.Hooks{Publish: func(context.Context, zone.Name) error { published++; return nil }},
		generic.Config{Pause: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write(t.Context(), testZone, []providers.Change{change("", "new 300 A 192.0.2.9")}); err != nil || published != 1 {
		t.Errorf("error %v, published %d times, want none and once", err, published)
	}
}

func TestNewRefusesQuirksThatCannotBeHad(t *testing.T) {
	f := newFake(t, testZone, "", habits{})
	for name, q := range map[string]generic.Quirks{
		"no Retime": {TTL: generic.TTLInPlace}, "no SetTTL": {TTL: generic.TTLHook},
		"lists no zones": {ExactZone: true}, "no Claims": {Chain: generic.ChainByClaim}, "TTLFirst without TTLHook": {TTLFirst: true},
	} {
		if _, err := generic.New(f, q, generic.Hooks{}, generic.Config{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	p, err := generic.New(f, generic.Quirks{}, generic.Hooks{}, generic.Config{})
	if _, lists := p.(providers.Lister); err != nil || lists {
		t.Errorf("error %v, a Lister: %t", err, lists)
	}
}
