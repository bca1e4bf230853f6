package providertest

import (
	"net/netip"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// Zone is a zone that a provider holds for one case.
type Zone struct {
	Provider providers.Provider
	Name     zone.Name
	// Others returns all records that are neither A nor AAAA, the SOA record
	// included, in presentation form, in any order. It asks the provider's
	// store, never the provider. The serial of the SOA record may differ from
	// call to call, nothing else.
	Others func(t *testing.T) []string

	scale int // the harness's Scale, at least 1
}

// Harness makes zones for the suite.
type Harness struct {
	// Open returns a fresh zone that holds text: master file lines with
	// relative names, a TTL and a class each, an SOA and an NS record. The
	// zone's name is the harness's to choose, up to 60 octets. Records of types
	// that the vendor cannot hold may be left out.
	Open func(t *testing.T, text string) Zone
	// Foreign returns a zone with an RRset whose Foreign is set; nil where the
	// provider has none.
	Foreign func(t *testing.T) (Zone, zone.Key)
	// Annotate gives the value addr of a set a comment and tags from behind the
	// provider's back, as a person would with the vendor's own pages; nil where
	// the provider keeps nothing beside a value. The ID of m is to be ignored.
	Annotate func(t *testing.T, z Zone, key zone.Key, addr netip.Addr, m zone.Member)
	// Sets is how many RRsets the case of many changes writes at once; 0 is
	// 1,200.
	Sets int
	// Scale multiplies every TTL of the suite, the lowest of which is 60, for a
	// provider with a higher minimum; 0 is 1.
	Scale int
	// Skip names cases that the provider cannot pass, with the reason. See the
	// constants. A name that is no case fails the run.
	Skip map[Case]string
}

// Case names a part of the suite.
type Case string

// The cases.
const (
	Change      Case = "change"       // one RRset created, updated, deleted, at names of all kinds
	Members     Case = "members"      // ids, comments and tags of values that stay
	Comments    Case = "comments"     // comments and tags out of a backup, where Limits say that they are kept
	Proxied     Case = "proxied"      // the proxy of a name on and off, where Limits say that there is one
	Batch       Case = "batch"        // A and AAAA of one name in one write
	Many        Case = "many"         // many RRsets in one write
	Edges       Case = "edges"        // zones of about 100 records and sets, where pages end
	Repeat      Case = "repeat"       // a change to what is there already
	CNAME       Case = "cname"        // a new set at a CNAME record, with and without Replaces
	Conflict    Case = "conflict"     // a precondition on values that does not hold
	ConflictTTL Case = "conflict-ttl" // a precondition on the TTL that does not hold
	Concurrent  Case = "concurrent"   // two writers with one precondition
	Foreign     Case = "foreign"      // a set that is not dnsplan's
	Cancel      Case = "cancel"       // a context that is cancelled already
	NoZone      Case = "no-zone"      // a zone that the provider does not hold
	Isolation   Case = "isolation"    // a caller that changes what it was given
	Look        Case = "look"         // the same through a Looker
	List        Case = "list"         // the zone is in a Lister's list
	Bounds      Case = "bounds"       // Limits are in order
)

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	cases := []suiteCase[Case, Harness]{
		{Change, testChange},
		{Members, testMembers},
		{Comments, testComments},
		{Proxied, testProxied},
		{Batch, testBatch},
		{Many, testMany},
		{Edges, testEdges},
		{Repeat, testRepeat},
		{CNAME, testCNAME},
		{Conflict, testConflict},
		{ConflictTTL, testConflictTTL},
		{Concurrent, testConcurrent},
		{Foreign, testForeign},
		{Cancel, testCancel},
		{NoZone, testNoZone},
		{Isolation, testIsolation},
		{Look, testLook},
		{List, testList},
		{Bounds, testBounds},
	}
	runCases(t, h, h.Skip, cases)
}

// suiteCase is a part of a suite, N, for zones that a harness, H, makes.
type suiteCase[N ~string, H any] struct {
	name N
	run  func(*testing.T, H)
}

// runCases runs the cases but for those to skip, which must all be cases.
func runCases[N ~string, H any](t *testing.T, h H, skip map[N]string, cases []suiteCase[N, H]) {
	known := make(map[N]bool, len(cases))
	for _, c := range cases {
		known[c.name] = true
		t.Run(string(c.name), func(t *testing.T) {
			if why, ok := skip[c.name]; ok {
				t.Skip(why)
			}
			c.run(t, h)
		})
	}
	for name := range skip {
		if !known[name] {
			t.Errorf("Skip names %q, which is no case", name)
		}
	}
}
