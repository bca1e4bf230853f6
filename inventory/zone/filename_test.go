package zone_test

import (
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

func TestFileName(t *testing.T) {
	tests := []struct {
		zone zone.Name
		view string
		want string
	}{
		{"example.org.", "", "example.org"},
		{"example.org.", "internal", "example.org@internal"},
		{"example.org.", "a/b", "example.org@a%2Fb"},
		{"example.org.", "..", "example.org@%2E."},
		{"0/25.2.0.192.in-addr.arpa.", "", "0%2F25.2.0.192.in-addr.arpa"},
		{"a@b.example.org.", "", "a%40b.example.org"},
		{`a\.b.example.org.`, "", "a%5C.b.example.org"},
		{".", "", "%2E"},
		{"_msdcs.example.org.", "", "_msdcs.example.org"},
	}
	for _, tt := range tests {
		if got := zone.FileName(tt.zone, tt.view); got != tt.want {
			t.Errorf("FileName(%q, %q) = %q, want %q", tt.zone, tt.view, got, tt.want)
		}
	}
}

func TestFileNameOfLongNames(t *testing.T) {
	long := zone.Name(strings.Repeat(strings.Repeat("a", 60)+".", 4))
	a, b := zone.FileName(long, "x"), zone.FileName(long, "y")
	if a == b {
		t.Errorf("two views share %q", a)
	}
	if len(a) > 200 || len(b) > 200 {
		t.Errorf("names of %d and %d bytes", len(a), len(b))
	}
}
