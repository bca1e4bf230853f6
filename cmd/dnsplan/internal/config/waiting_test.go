package config

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// TestSlowRead: a provider that does not answer is named, and no word is said
// about one that does.
func TestSlowRead(t *testing.T) {
	tests := []struct {
		name  string
		takes time.Duration
		want  []string
	}{
		{"at once", 0, nil},
		{"a while", 9 * time.Second, nil},
		{"long", 80 * time.Second, []string{
			`provider "first": still reading example.org, for 10s now; -v shows each request`,
			`provider "first": still reading example.org, for 1m10s now; -v shows each request`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &vendor{read: func(_ context.Context, z zone.Name) (*zone.Snapshot, error) {
				<-time.After(tt.takes)
				return &zone.Snapshot{Zone: z}, nil
			}}
			s := session(t, p, &vendor{})
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var got []string
				s.Notice = func(line string) {
					mu.Lock()
					defer mu.Unlock()
					got = append(got, line)
				}
				if _, err := s.Live(t.Context(), p, s.Inventory.Zones[0]); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("notices (-want +got):\n%s", diff)
				}
			})
		})
	}
}
