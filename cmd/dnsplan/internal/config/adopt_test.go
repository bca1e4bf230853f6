package config

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/memory"
)

// blind is a name server that refuses a transfer and answers queries.
type blind struct{ inner *memory.Provider }

func (b blind) Read(context.Context, zone.Name) (*zone.Snapshot, error) {
	return nil, fmt.Errorf("transfer of example.org.: REFUSED: %w", providers.ErrNoListing)
}

func (b blind) Write(ctx context.Context, z zone.Name, c []providers.Change) (providers.Receipt, error) {
	return b.inner.Write(ctx, z, c)
}
func (b blind) Limits(z zone.Name) providers.Limits { return b.inner.Limits(z) }
func (b blind) Look(ctx context.Context, z zone.Name, keys []zone.Key) (*zone.Snapshot, error) {
	return b.inner.Look(ctx, z, keys)
}

func TestImportOfAZoneThatIsNotListed(t *testing.T) {
	p := memory.New(memory.Options{})
	s := &zone.Snapshot{Zone: "example.org."}
	for _, n := range []zone.Name{"www.example.org.", "old.example.org."} {
		s.RRsets = append(s.RRsets, zone.RRset{Key: zone.Key{Name: n, Type: zone.A}, TTL: 300, Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}})
	}
	p.Put(s)
	_, err := readZone(t.Context(), blind{p}, "example.org.", nil)
	if err == nil || !strings.Contains(err.Error(), "dnsplan import example.org NAME") {
		t.Errorf("error %v does not say what to do", err)
	}
	live, err := readZone(t.Context(), blind{p}, "example.org.", []zone.Name{"www.example.org."})
	if err != nil {
		t.Fatal(err)
	}
	if len(live.RRsets) != 1 || live.RRsets[0].Name != "www.example.org." || !strings.Contains(live.Blind, "REFUSED") {
		t.Errorf("got %+v", live)
	}
}
