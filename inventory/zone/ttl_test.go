package zone_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

func TestParseDuration(t *testing.T) {
	tests := []struct {
		in   string
		want time.Duration // -1 where it is refused
	}{
		{"300", 300 * time.Second},
		{"300s", 300 * time.Second},
		{"90S", 90 * time.Second},
		{"1h30m", 90 * time.Minute},
		{"1H30M", 90 * time.Minute},
		{"2d", 48 * time.Hour},
		{"1w2d3h4m5s", 9*24*time.Hour + 3*time.Hour + 4*time.Minute + 5*time.Second},
		{"90m", 90 * time.Minute},
		{"0", 0},
		{"0s", 0},
		{"007", 7 * time.Second},
		{"9223372036s", 9223372036 * time.Second},
		{"9223372036", 9223372036 * time.Second},
		{"9223372037", -1},
		{"15251w", -1},
		{"106751d23h47m16s", 9223372036 * time.Second},
		{"106751d23h47m17s", -1},
		{"99999999999999999999", -1},
		{"", -1},
		{"-1", -1},
		{"+1", -1},
		{"1h30", -1},
		{"1.5h", -1},
		{"h", -1},
		{"1hh", -1},
		{"1h1h", -1},
		{"1m1h", -1},
		{"1y", -1},
		{"1ms", -1},
		{"1 h", -1},
		{" 1h", -1},
		{"1h ", -1},
		{"0x10", -1},
		{"1e3", -1},
		{"١h", -1},
		{"5\x13", -1},
	}
	for _, tt := range tests {
		got, err := zone.ParseDuration(tt.in)
		if tt.want < 0 {
			if err == nil || !strings.Contains(err.Error(), "is not a duration: write seconds") {
				t.Errorf("ParseDuration(%q) = %v, %v; want an error", tt.in, got, err)
			}
			continue
		}
		if err != nil || got != tt.want {
			t.Errorf("ParseDuration(%q) = %v, %v; want %v", tt.in, got, err, tt.want)
		}
	}
}

func TestParseTTL(t *testing.T) {
	tests := []struct {
		in   string
		want zone.TTL // 0 where it is refused
	}{
		{"1", 1},
		{"300", 300},
		{"300s", 300},
		{"5m", 300},
		{"1h", 3600},
		{"2147483647", zone.MaxTTL},
		{"3550w5d3h14m7s", zone.MaxTTL},
		{"2147483648", 0},
		{"3550w5d3h14m8s", 0},
		{"4294967297", 0}, // would be 1 in 32 bits
		{"0", 0},
		{"0s", 0},
		{"-1", 0},
		{"1.5h", 0},
		{"", 0},
		{"auto", 0},
	}
	for _, tt := range tests {
		got, err := zone.ParseTTL(tt.in)
		if got != tt.want || (err == nil) != (tt.want != 0) {
			t.Errorf("ParseTTL(%q) = %d, %v; want %d", tt.in, got, err, tt.want)
		}
	}
	if _, err := zone.ParseTTL("2147483648"); err == nil || !strings.Contains(err.Error(), "RFC 2181") {
		t.Errorf("the refusal names no reason: %v", err)
	}
}

func TestTTL(t *testing.T) {
	if got := zone.TTL(3600).Duration(); got != time.Hour {
		t.Errorf("3600 lasts %v", got)
	}
	if got := zone.MaxTTL.String(); got != "2147483647" {
		t.Errorf("the highest TTL is %s", got)
	}
}

func TestFormatDuration(t *testing.T) {
	tests := []struct {
		in   time.Duration
		want string
	}{
		{0, "0s"},
		{-time.Hour, "0s"},
		{999 * time.Millisecond, "0s"},
		{1500 * time.Millisecond, "1s"},
		{90 * time.Second, "1m30s"},
		{time.Hour, "1h"},
		{48 * time.Hour, "2d"},
		{14 * 24 * time.Hour, "14d"},
		{25*time.Hour + time.Second, "1d1h1s"},
	}
	for _, tt := range tests {
		if got := zone.FormatDuration(tt.in); got != tt.want {
			t.Errorf("FormatDuration(%v) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestDurationRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := time.Duration(rapid.Int64Range(0, 9223372036).Draw(t, "seconds")) * time.Second
		text := zone.FormatDuration(want)
		if got, err := zone.ParseDuration(text); err != nil || got != want {
			t.Fatalf("%v is written as %q and read as %v, %v", want, text, got, err)
		}
	})
}

func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"300", "1h30m", "1h30", "1.5h", "-1", "0", "2147483648", "1w2d3h4m5s", "106751d23h47m17s", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := zone.ParseDuration(s)
		if err != nil {
			return
		}
		if d < 0 || d%time.Second != 0 {
			t.Errorf("ParseDuration(%q) = %v", s, d)
		}
		if again, err := zone.ParseDuration(zone.FormatDuration(d)); err != nil || again != d {
			t.Errorf("%q is %v, written as %q and read as %v, %v", s, d, zone.FormatDuration(d), again, err)
		}
		ttl, err := zone.ParseTTL(s)
		if fits := d >= time.Second && d <= zone.MaxTTL.Duration(); fits != (err == nil) || fits && ttl.Duration() != d {
			t.Errorf("%q is %v, and as a TTL %d, %v", s, d, ttl, err)
		}
	})
}
