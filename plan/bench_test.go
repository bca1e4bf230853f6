package plan_test

import (
	"fmt"
	"testing"

	"github.com/dnsplan/dnsplan/plan"
)

var sizes = []int{10, 1_000, 100_000}

// large is a zone of n RRsets of which every hundredth, at least one, changes.
func large(tb testing.TB, n int) (*plan.Desired, site) {
	tb.Helper()
	s := many{n: n, update: max(1, n/100)}.site()
	return s.desired(tb), s
}

func BenchmarkDiff(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d, s := large(b, n)
			live := s.snapshot(b)
			b.ReportAllocs()
			for b.Loop() {
				if diff := plan.Diff(d, live, plan.Selection{}); len(diff.Changes) != max(1, n/100) {
					b.Fatalf("%d changes", len(diff.Changes))
				}
			}
		})
	}
}

func BenchmarkBuild(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d, s := large(b, n)
			diffs := []plan.ZoneDiff{plan.Diff(d, s.snapshot(b), plan.Selection{})}
			b.ReportAllocs()
			for b.Loop() {
				if p := plan.Build(diffs, policy(), origin()); len(p.Steps) != 12 {
					b.Fatalf("%d steps", len(p.Steps))
				}
			}
		})
	}
}
