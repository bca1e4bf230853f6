package window_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/window"
)

// windowOf reads "allow sat-night 0 2 * * sat | 2h | Europe/Berlin | *".
func windowOf(t testing.TB, line string) window.Window {
	t.Helper()
	parts := strings.Split(line, "|")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	head := strings.SplitN(parts[0], " ", 3)
	d, err := time.ParseDuration(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	w := window.Window{Kind: window.Kind(head[0]), Name: head[1], Cron: head[2], Duration: int64(d / time.Second), Timezone: "Europe/Berlin", Zones: []string{"*"}}
	if len(parts) > 2 {
		w.Timezone = parts[2]
	}
	if len(parts) > 3 {
		w.Zones = strings.Fields(parts[3])
	}
	return w
}

func setOf(t testing.TB, lines string) *window.Set {
	t.Helper()
	var list []window.Window
	for line := range strings.Lines(lines) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, windowOf(t, line))
		}
	}
	s, err := window.New(list)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// at reads a time of RFC 3339, with seconds or without.
func at(t testing.TB, text string) time.Time {
	t.Helper()
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04Z07:00"} {
		if v, err := time.Parse(layout, text); err == nil {
			return v
		}
	}
	t.Fatalf("%q is no time", text)
	return time.Time{}
}

func TestAllowed(t *testing.T) {
	for _, tt := range []struct {
		name, windows, at, zone string
		ok                      bool
		by                      string
	}{
		{"no window at all", "", "2026-03-07T12:00Z", "example.org.", true, ""},
		{"inside", "allow w 0 2 * * sat | 2h", "2026-03-07T02:30+01:00", "example.org.", true, "w"},
		{"as it opens", "allow w 0 2 * * sat | 2h", "2026-03-07T02:00:00+01:00", "example.org.", true, "w"},
		{"just before", "allow w 0 2 * * sat | 2h", "2026-03-07T01:59:59+01:00", "example.org.", false, ""},
		{"the last second", "allow w 0 2 * * sat | 2h", "2026-03-07T03:59:59+01:00", "example.org.", true, "w"},
		{"as it closes", "allow w 0 2 * * sat | 2h", "2026-03-07T04:00:00+01:00", "example.org.", false, ""},
		{"another day", "allow w 0 2 * * sat | 2h", "2026-03-08T02:30+01:00", "example.org.", false, ""},
		{"upper case", "allow w 0 2 * * THU | 2h", "2026-03-05T02:30+01:00", "example.org.", true, "w"},
		{"Sunday is 0 and 7", "allow w 0 2 * * 7 | 2h", "2026-03-08T02:30+01:00", "example.org.", true, "w"},
		{"over midnight", "allow w 0 23 * * fri | 4h", "2026-03-07T02:59+01:00", "example.org.", true, "w"},
		{"over a month", "allow w 0 0 1 * * | 960h", "2026-03-07T12:00Z", "example.org.", true, "w"},
		{"over new year", "allow w 0 20 31 12 * | 12h", "2027-01-01T04:00Z", "example.org.", true, "w"},
		{"in UTC", "allow w 0 2 * * * | 1h | UTC", "2026-03-07T02:30+01:00", "example.org.", false, ""},
		{"in another time zone", "allow w 0 9 * * * | 1h | Asia/Tokyo", "2026-03-07T00:30Z", "example.org.", true, "w"},
		{"a day of either kind", "allow w 0 2 13 * fri | 1h", "2026-03-20T02:30+01:00", "example.org.", true, "w"},
		{"a day of either kind, the other", "allow w 0 2 14 * fri | 1h", "2026-03-14T02:30+01:00", "example.org.", true, "w"},
		{"every other day, and a weekday", "allow w 0 2 */2 * fri | 1h", "2026-03-06T02:30+01:00", "example.org.", false, ""},
		{"always open", "allow w * * * * * | 1m", "2026-03-07T12:00:30Z", "example.org.", true, "w"},
		{"longer than its period", "allow w 0 * * * * | 72h", "2026-03-07T12:10Z", "example.org.", true, "w"},

		{"a freeze", "deny f 0 0 20 12 * | 384h", "2026-12-24T12:00Z", "example.org.", false, "f"},
		{"outside a freeze", "deny f 0 0 20 12 * | 384h", "2026-12-19T12:00Z", "example.org.", true, ""},
		{"a freeze wins", "allow w 0 2 * * * | 2h\n deny f 0 0 20 12 * | 384h", "2026-12-24T02:30+01:00", "example.org.", false, "f"},
		{"a freeze wins in any order", "deny f 0 0 20 12 * | 384h\n allow w 0 2 * * * | 2h", "2026-12-24T02:30+01:00", "example.org.", false, "f"},
		{"the second window", "allow w 0 2 * * sat | 1h\n allow v 30 2 * * sat | 2h", "2026-03-07T04:00+01:00", "example.org.", true, "v"},

		{"of another zone", "allow w 0 2 * * sat | 2h | UTC | example.com.", "2026-03-08T12:00Z", "example.org.", true, ""},
		{"of this zone", "allow w 0 2 * * sat | 2h | UTC | example.com. example.org.", "2026-03-08T12:00Z", "example.org.", false, ""},
		{"of a parent", "allow w 0 2 * * sat | 2h | UTC | example.org.", "2026-03-08T12:00Z", "sub.example.org.", true, ""},
		{"a pattern", "deny f 0 0 * * * | 24h | UTC | *.example.org", "2026-03-08T12:00Z", "sub.example.org.", false, "f"},
		{"one label", "deny f 0 0 * * * | 24h | UTC | *.org", "2026-03-08T12:00Z", "sub.example.org.", true, ""},
		{"any labels", "deny f 0 0 * * * | 24h | UTC | **.org", "2026-03-08T12:00Z", "sub.example.org.", false, "f"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ok, by := setOf(t, tt.windows).Allowed(zone.Name(tt.zone), at(t, tt.at))
			name := ""
			if by != nil {
				name = by.Name
			}
			if ok != tt.ok || name != tt.by {
				t.Errorf("%v by %q, want %v by %q", ok, name, tt.ok, tt.by)
			}
		})
	}
}

// The clock of Berlin is set from 02:00 to 03:00 on 2026-03-29 (01:00 UTC), and
// from 03:00 back to 02:00 on 2026-10-25 (01:00 UTC). Openings and their ends,
// told by changes of Allowed from minute to minute.
func TestNightsInWhichTheClockIsSet(t *testing.T) {
	for _, tt := range []struct{ name, window, night, want string }{
		{"an ordinary night", "allow w 0 2 * * * | 2h", "2026-03-28", "01:00-03:00"},
		{"spring: in front of the gap", "allow w 0 1 * * * | 2h", "2026-03-29", "00:00-02:00"},
		{"spring: at the gap", "allow w 0 2 * * * | 1h", "2026-03-29", "01:00-02:00"},
		{"spring: inside the gap", "allow w 30 2 * * * | 1h", "2026-03-29", "01:00-02:00"},
		{"spring: behind the gap", "allow w 0 3 * * * | 1h", "2026-03-29", "01:00-02:00"},
		{"spring: each quarter of the gap", "allow w 0,15,30,45 2 * * * | 10m", "2026-03-29", "01:00-01:10"},
		{"spring: a whole day", "allow w 0 0 29 3 * | 24h", "2026-03-29", "23:00-23:00"},
		{"spring: from the evening before", "allow w 0 22 28 3 * | 6h", "2026-03-29", "21:00-03:00"},
		{"autumn: in front of the double hour", "allow w 0 1 * * * | 1h", "2026-10-25", "23:00-00:00"},
		{"autumn: the double hour, once", "allow w 0 2 * * * | 30m", "2026-10-25", "00:00-00:30"},
		{"autumn: inside the double hour, once", "allow w 30 2 * * * | 15m", "2026-10-25", "00:30-00:45"},
		{"autumn: two hours are two hours", "allow w 0 2 * * * | 2h", "2026-10-25", "00:00-02:00"},
		{"autumn: behind the double hour", "allow w 0 3 * * * | 1h", "2026-10-25", "02:00-03:00"},
		{"autumn: each hour", "allow w 0 1-3 * * * | 20m", "2026-10-25", "23:00-23:20 00:00-00:20 02:00-02:20"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := setOf(t, tt.window)
			night := at(t, tt.night+"T00:00Z")
			if got := openings(s, night.Add(-4*time.Hour), night.Add(24*time.Hour)); !strings.HasPrefix(got, tt.want) {
				t.Errorf("open %s, want %s", got, tt.want)
			}
		})
	}
}

// openings lists, in UTC, when the set allows example.org.
func openings(s *window.Set, from, to time.Time) string {
	var out []string
	was := false
	for ; from.Before(to); from = from.Add(time.Minute) {
		switch ok, _ := s.Allowed("example.org.", from); {
		case ok && !was:
			out = append(out, from.UTC().Format("15:04-"))
		case !ok && was:
			out[len(out)-1] += from.UTC().Format("15:04")
		}
		was, _ = s.Allowed("example.org.", from)
	}
	return strings.Join(out, " ")
}

func TestNext(t *testing.T) {
	for _, tt := range []struct{ name, windows, at, zones, want string }{
		{"now", "", "2026-03-07T12:00Z", "example.org.", "Sat 2026-03-07 12:00 UTC"},
		{"inside", "allow w 0 2 * * sat | 2h", "2026-03-07T02:30+01:00", "example.org.", "now"},
		{"the same night", "allow w 0 2 * * sat | 2h", "2026-03-06T20:00Z", "example.org.", "Sat 2026-03-07 02:00 Europe/Berlin"},
		{"as it closes", "allow w 0 2 * * sat | 2h", "2026-03-07T04:00+01:00", "example.org.", "Sat 2026-03-14 02:00 Europe/Berlin"},
		{"the earlier of two", "allow w 0 2 * * sat | 2h\n allow v 0 22 * * tue | 1h | UTC", "2026-03-09T12:00Z", "example.org.", "Tue 2026-03-10 22:00 UTC"},
		{"the spring night", "allow w 30 2 29 3 * | 1h", "2026-03-28T12:00Z", "example.org.", "Sun 2026-03-29 03:00 Europe/Berlin"},
		{"the autumn night", "allow w 30 2 25 10 * | 1h", "2026-10-24T12:00Z", "example.org.", "Sun 2026-10-25 02:30 Europe/Berlin"},
		{"behind the first of the double hour", "allow w 30 2 25 10 * | 10m", "2026-10-25T00:45Z", "example.org.", "Mon 2027-10-25 02:30 Europe/Berlin"},
		{"the end of a freeze", "deny f 0 0 20 12 * | 384h", "2026-12-24T12:00Z", "example.org.", "Tue 2027-01-05 00:00 Europe/Berlin"},
		{"freezes that touch", "deny f 0 0 20 12 * | 24h\n deny g 0 0 21 12 * | 24h", "2026-12-20T12:00Z", "example.org.", "Tue 2026-12-22 00:00 Europe/Berlin"},
		{"freezes that overlap", "deny f 0 0 20 12 * | 48h\n deny g 0 0 21 12 * | 6h", "2026-12-21T02:00Z", "example.org.", "Tue 2026-12-22 00:00 Europe/Berlin"},
		{"each window in a freeze is left out", "allow w 0 2 * * * | 2h\n deny f 0 0 20 12 * | 384h", "2026-12-24T12:00Z", "example.org.", "Tue 2027-01-05 02:00 Europe/Berlin"},
		{"a freeze ends inside a window", "allow w 0 2 * * * | 2h\n deny f 0 3 * * * | 30m", "2026-03-07T03:10+01:00", "example.org.", "Sat 2026-03-07 03:30 Europe/Berlin"},
		{"no end of freezes", "deny f * * * * * | 48h", "2026-03-07T12:00Z", "example.org.", "none"},
		{"windows in freezes alone", "allow w 0 2 * * * | 1h\n deny f 0 1 * * * | 3h", "2026-03-07T12:00Z", "example.org.", "none"},
		{"leap day", "allow w 0 2 29 2 * | 1h", "2026-03-07T12:00Z", "example.org.", "Tue 2028-02-29 02:00 Europe/Berlin"},
		{"two zones, one night", "allow w 0 2 * * sat,sun | 2h | UTC | example.org.\n allow v 0 3 * * sun | 2h | UTC | example.net.", "2026-03-06T12:00Z", "example.org. example.net.", "Sun 2026-03-08 03:00 UTC"},
		{"two zones, never together", "allow w 0 2 * * sat | 2h | UTC | example.org.\n allow v 0 2 * * sun | 2h | UTC | example.net.", "2026-03-06T12:00Z", "example.org. example.net.", "none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var zones []zone.Name
			for z := range strings.FieldsSeq(tt.zones) {
				zones = append(zones, zone.Name(z))
			}
			s, now := setOf(t, tt.windows), at(t, tt.at)
			next, ok := s.Next(zones, now)
			got := next.String()
			switch {
			case !ok:
				got = "none"
			case next.At.Equal(now) && tt.want == "now":
				return
			}
			if got != tt.want {
				t.Fatalf("%s, want %s", got, tt.want)
			}
			if allowed, _, _ := s.AllAllowed(zones, next.At); ok && !allowed {
				t.Error("it is not allowed at its opening")
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	good := windowOf(t, "allow w 0 2 * * sat | 2h")
	if _, err := window.New([]window.Window{good}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, want string
		edit       func(*window.Window)
	}{
		{"a kind", `window "w": kind "permit"`, func(w *window.Window) { w.Kind = "permit" }},
		{"no duration", "duration of 0 seconds", func(w *window.Window) { w.Duration = 0 }},
		{"a duration that overflows", "duration of 9223372036854775807 seconds", func(w *window.Window) { w.Duration = 1<<63 - 1 }},
		{"no zone", "no zone", func(w *window.Window) { w.Zones = nil }},
		{"a zone", "empty label", func(w *window.Window) { w.Zones = []string{"a..b."} }},
		{"a pattern", "empty label", func(w *window.Window) { w.Zones = []string{"a..*"} }},
		{"four fields", "not five fields", func(w *window.Window) { w.Cron = "0 2 * *" }},
		{"six fields", "not five fields", func(w *window.Window) { w.Cron = "0 0 2 * * sat" }},
		{"a word", "not five fields", func(w *window.Window) { w.Cron = "@weekly" }},
		{"a time zone in it", "not five fields", func(w *window.Window) { w.Cron = "TZ=UTC 2 * * *" }},
		{"an hour", "above maximum", func(w *window.Window) { w.Cron = "0 24 * * *" }},
		{"a hash", `"0 H * * *"`, func(w *window.Window) { w.Cron = "0 H * * *" }},
		{"no such day", "there is no such time", func(w *window.Window) { w.Cron = "0 2 30 2 *" }},
		{"an empty list", "there is no such time", func(w *window.Window) { w.Cron = "0 , * * *" }},
		{"a time zone", "Europe/Berlln", func(w *window.Window) { w.Timezone = "Europe/Berlln" }},
		{"the machine's time zone", `time zone "Local"`, func(w *window.Window) { w.Timezone = "Local" }},
		{"no time zone", `time zone ""`, func(w *window.Window) { w.Timezone = "" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := good
			tt.edit(&w)
			if _, err := window.New([]window.Window{w}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestFor(t *testing.T) {
	s := setOf(t, "allow a 0 2 * * * | 1h | UTC | example.org.\n deny b 0 2 * * * | 1h | UTC | *.net\n deny c 0 2 * * * | 1h")
	var names []string
	for _, w := range s.For([]zone.Name{"example.net.", "example.com."}) {
		names = append(names, w.Name)
	}
	if got := strings.Join(names, " "); got != "b c" {
		t.Errorf("windows %s, want b c", got)
	}
	if got := (*window.Set)(nil).For([]zone.Name{"example.net."}); got != nil {
		t.Errorf("a nil set has %v", got)
	}
}

// FuzzCron: any text is refused or understood; an opening that is found is one,
// does not lie in the past, and nothing just before it is open.
func FuzzCron(f *testing.F) {
	for _, spec := range []string{"0 2 * * SAT", "*/15 1-3 * * *", "30 2 29 3 *", "0 0 31 4 *", "59 23 31 12 7", "0 22-2 * * fri-mon", ", * * * *", "0 2 ? * ?"} {
		f.Add(spec, int64(1774746000), "Europe/Berlin", uint32(3600))
	}
	f.Add("0 0 * * *", int64(1e9), "America/Sao_Paulo", uint32(86400))
	f.Add("15 2 * * *", int64(1775318400), "Australia/Lord_Howe", uint32(600))
	f.Add("0 12 30 12 *", int64(1325160000), "Pacific/Apia", uint32(600))
	f.Fuzz(func(t *testing.T, spec string, unix int64, timezone string, duration uint32) {
		s, err := window.New([]window.Window{{Name: "w", Kind: window.Allow, Cron: spec, Duration: int64(duration % 1e6), Timezone: timezone, Zones: []string{"*"}}})
		if err != nil {
			return
		}
		now := time.Unix(unix%4e9, 0)
		next, ok := s.Next([]zone.Name{"example.org."}, now)
		if !ok {
			return
		}
		if allowed, by := s.Allowed("example.org.", next.At); !allowed || by == nil {
			t.Errorf("%q of %s: not allowed at %s", spec, timezone, next)
		}
		if next.At.Before(now) {
			t.Errorf("%q: the next opening %s is before %s", spec, next, now)
		}
		if allowed, _ := s.Allowed("example.org.", next.At.Add(-time.Second)); allowed && next.At.After(now) {
			t.Errorf("%q of %s: open before its opening %s", spec, timezone, next)
		}
	})
}
