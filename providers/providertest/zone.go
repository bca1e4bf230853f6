package providertest

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// base is in every zone: what no write may touch.
const base = `@ 3600 IN SOA ns1 hostmaster 2026112301 7200 3600 1209600 300
@ 3600 IN NS ns1
ns1 3600 IN A 192.0.2.53
@ 3600 IN MX 10 mail
@ 3600 IN MX 20 Mail.Example.net.
mail 3600 IN A 192.0.2.25
@ 300 IN TXT "v=spf1 a mx -all; really" "second \"quoted\" string"
@ 3600 IN CAA 0 issue "ca.example.net; validationmethods=http-01"
_sip._tcp 3600 IN SRV 10 60 5060 mail
odd 3600 IN TYPE65280 \# 4 c0000201
@ 3600 IN HTTPS 1 . alpn="h2,h3"
alias 3600 IN CNAME mail
sub 3600 IN NS ns.sub
ns.sub 3600 IN A 192.0.2.54
`

// open returns a zone of base and more lines.
func open(t *testing.T, h Harness, more string) Zone {
	t.Helper()
	z := h.Open(t, scaled(t, base+more, h.Scale))
	z.scale = max(h.Scale, 1)
	return z
}

// scaled multiplies the TTLs of master file lines.
func scaled(t *testing.T, text string, scale int) string {
	t.Helper()
	if scale <= 1 {
		return text
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		f := strings.SplitN(line, " ", 3)
		ttl, err := strconv.Atoi(f[1])
		if err != nil {
			t.Fatalf("seed line %q: %v", line, err)
		}
		fmt.Fprintf(&b, "%s %d %s", f[0], ttl*scale, f[2])
	}
	return b.String()
}

// set is ParseSet in the zone, with the TTL that the suite is scaled to.
func (z Zone) set(line string) *zone.RRset {
	r := ParseSet(z.Name, line)
	if r != nil {
		r.TTL *= zone.TTL(max(z.scale, 1))
	}
	return r
}

// change makes a change out of two such lines.
func (z Zone) change(before, after string) providers.Change {
	return providers.Change{Before: z.set(before), After: z.set(after)}
}

func (z Zone) read(t *testing.T) *zone.Snapshot {
	t.Helper()
	s, err := z.Provider.Read(t.Context(), z.Name)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	if s.Zone != z.Name {
		t.Errorf("snapshot of zone %q, want %q", s.Zone, z.Name)
	}
	if !slices.IsSortedFunc(s.RRsets, func(a, b zone.RRset) int { return zone.CompareKeys(a.Key, b.Key) }) {
		t.Error("snapshot is not sorted")
	}
	return s
}

func (z Zone) write(t *testing.T, changes ...providers.Change) providers.Receipt {
	t.Helper()
	r, err := z.Provider.Write(t.Context(), z.Name, changes)
	if err != nil {
		t.Fatalf("write: %v", err)
	}
	return r
}

// applied returns the lines of s after changes.
func applied(s *zone.Snapshot, changes ...providers.Change) []string {
	next := &zone.Snapshot{Zone: s.Zone}
	touched := make(map[zone.Key]bool)
	for _, c := range changes {
		touched[c.Key()] = true
		if c.After != nil {
			next.RRsets = append(next.RRsets, c.After.Clone())
		}
	}
	for _, r := range s.RRsets {
		if !touched[r.Key] {
			next.RRsets = append(next.RRsets, r.Clone())
		}
	}
	next.Sort()
	return Sets(next)
}

// watch notes the zone; the function it returns checks that the zone is now as
// it was but for changes, twice, and that no other record has moved.
func (z Zone) watch(t *testing.T) (check func(changes ...providers.Change)) {
	t.Helper()
	before, others := z.read(t), z.others(t)
	return func(changes ...providers.Change) {
		t.Helper()
		want := applied(before, changes...)
		wantLines(t, "address sets", Sets(z.read(t)), want)
		wantLines(t, "address sets, second read", Sets(z.read(t)), want)
		wantLines(t, "other records", z.others(t), others)
	}
}

var serial = regexp.MustCompile(`(\sSOA\s+\S+\s+\S+\s+)\d+`)

// others returns the other records in order, without the SOA serial.
func (z Zone) others(t *testing.T) []string {
	t.Helper()
	lines := slices.Clone(z.Others(t))
	for i, l := range lines {
		lines[i] = serial.ReplaceAllString(l, "${1}SERIAL")
	}
	slices.Sort(lines)
	return lines
}

// wantLines compares two lists of lines whatever their order.
func wantLines(t *testing.T, what string, got, want []string) {
	t.Helper()
	count := make(map[string]int, len(want))
	for _, l := range want {
		count[l]++
	}
	for _, l := range got {
		count[l]--
	}
	for _, l := range slices.Sorted(maps.Keys(count)) {
		switch n := count[l]; {
		case n > 0:
			t.Errorf("%s: missing %s", what, l)
		case n < 0:
			t.Errorf("%s: unexpected %s", what, l)
		}
	}
}

// wantConflict checks that err is a conflict which names key.
func wantConflict(t *testing.T, err error, key zone.Key) {
	t.Helper()
	if !errors.Is(err, providers.ErrConflict) {
		t.Fatalf("error %v, want a conflict", err)
	}
	c, ok := errors.AsType[*providers.ConflictError](err)
	if !ok || !slices.Contains(c.Keys, key) {
		t.Errorf("conflict %v does not name %s", err, key)
	}
}
