package inventory

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/netresearch/go-cron"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

func (r *resolver) windows() {
	seen := map[string]string{}
	for i, t := range r.tables.Window {
		path := pathOf("window", i)
		r.unique(seen, "window", t.Name, path)
		w := Window{Name: t.Name, Kind: t.Kind, Cron: t.Cron, Timezone: "UTC"}
		r.required(t.Kind, path+".kind", "allow", "deny")
		r.cron(t.Cron, path+".cron")
		if t.Duration == nil {
			r.missing(path + ".duration")
		}
		w.Duration = r.duration(t.Duration, path+".duration", 0, time.Minute)
		if t.Timezone != nil {
			w.Timezone = *t.Timezone
			r.timezone(w.Timezone, path+".timezone")
		}
		w.Zones = r.windowZones(t.Zones, path+".zones")
		r.inv.Windows = append(r.inv.Windows, w)
	}
}

// required checks a word that has no default.
func (r *resolver) required(word, path string, allowed ...string) {
	if word == "" {
		r.missing(path)
		return
	}
	r.oneOf(&word, path, allowed...)
}

// cron checks the five fields of crontab(5): minute, hour, day of month, month,
// day of week.
func (r *resolver) cron(spec, path string) {
	if spec == "" {
		r.missing(path)
		return
	}
	fields := strings.Fields(spec)
	parser, err := cron.TryNewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.DowOrDom)
	if err == nil && len(fields) == 5 && !strings.Contains(fields[0], "=") {
		var s cron.Schedule
		if s, err = parser.Parse(strings.ToLower(spec)); err == nil { // an H, as in THU, would be a hash to it
			r.days(s, spec, path)
			return
		}
	}
	p := r.add("bad-cron", path, "cron %q is not a schedule of five fields", spec)
	p.fix("minute hour day month weekday, as in 0 2 * * SAT")
	if err != nil {
		p.Detail = err.Error()
	}
}

// days checks the days of a schedule. Many think that both fields must fit.
func (r *resolver) days(s cron.Schedule, spec, path string) {
	fields := strings.Fields(spec)
	restricted := func(field string) bool { return field[0] != '*' && field[0] != '?' }
	if s.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		r.add("bad-cron", path, "cron %q never comes: there is no such time", spec)
	} else if restricted(fields[2]) && restricted(fields[4]) {
		r.warn("cron-days", path, "cron %q gives days of the month and weekdays: as in crontab, a day of either kind counts", spec)
	}
}

func (r *resolver) timezone(name, path string) {
	_, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		r.add("bad-timezone", path, "unknown time zone %q", name).fix("a name such as UTC or Europe/Berlin")
	}
}

// windowZones checks which zones a window is for. A name without an asterisk
// must be a zone of the file: a freeze of a mistyped zone would protect nothing.
func (r *resolver) windowZones(list []string, path string) []string {
	if list == nil {
		return []string{"*"}
	}
	out := make([]string, 0, len(list))
	for i, text := range list {
		if strings.Contains(text, "*") {
			if _, err := zone.ParseGlob(strings.TrimSuffix(text, ".")); err != nil {
				r.add("bad-pattern", pathOf(path, i), "%s", err)
			}
			out = append(out, strings.ToLower(strings.TrimSuffix(text, ".")))
			continue
		}
		n, err := zone.ParseName(text)
		if err != nil {
			r.add("bad-name", pathOf(path, i), "%s", err)
			continue
		}
		if !slices.ContainsFunc(r.inv.Zones, func(z Zone) bool { return z.Name == n }) {
			var names []string
			for _, z := range r.inv.Zones {
				names = append(names, z.Name.Display())
			}
			r.add("unknown-zone", pathOf(path, i), "unknown zone %q", text).suggest(n.Display(), names)
		}
		out = append(out, string(n))
	}
	return out
}

func (r *resolver) failovers() {
	seen := map[string]string{}
	for i := range r.tables.Failover {
		t := &r.tables.Failover[i]
		path := pathOf("failover", i)
		r.unique(seen, "failover", t.Name, path)
		f := Failover{Name: t.Name, Group: t.Group, Primary: t.Primary, Standby: t.Standby}
		r.failoverScope(t, path, &f)
		r.failoverHosts(t, path)
		f.TTL = r.ttl(t.TTL, path+".ttl", 0)
		f.Failback = r.oneOf(t.Failback, path+".failback", "manual", "auto")
		if t.Probe != nil {
			f.Probe = r.probe(t.Probe, path+".probe")
		}
		r.inv.Failovers = append(r.inv.Failovers, f)
	}
}

// failoverScope checks what moves: a group, or records by name.
func (r *resolver) failoverScope(t *failoverTable, path string, f *Failover) {
	switch {
	case r.undecoded(path+".group", path+".records"):
		return
	case t.Group == "" && len(t.Records) == 0:
		r.add("missing-key", path, "failover %q moves nothing", t.Name).fix("give it a group or records")
	case t.Group != "" && len(t.Records) > 0:
		r.add("bad-value", path+".records", "failover %q has a group and records", t.Name).fix("leave one of them out")
	case t.Group != "" && !r.groups[t.Group]:
		names := slices.Sorted(maps.Keys(r.groups))
		r.add("unknown-group", path+".group", "no record has the group %q", t.Group).suggest(t.Group, names)
	}
	for i, text := range t.Records {
		n, err := zone.ParseName(text)
		if err != nil {
			r.add("bad-name", pathOf(path, "records", i), "%s", err)
			continue
		}
		if !r.names[n] {
			r.add("unknown-record", pathOf(path, "records", i), "no record has the name %s", n.Display()).
				fix("names here are absolute, as in www.example.org")
		}
		if slices.Contains(f.Records, n) {
			r.add("duplicate-name", pathOf(path, "records", i), "%s stands twice", n.Display())
			continue
		}
		f.Records = append(f.Records, n)
	}
}

func (r *resolver) failoverHosts(t *failoverTable, path string) {
	if t.Primary == "" {
		r.missing(path + ".primary")
	} else {
		r.knownHost(t.Primary, path+".primary")
	}
	if len(t.Standby) == 0 {
		r.missing(path + ".standby")
	}
	for i, h := range t.Standby {
		at := pathOf(path, "standby", i)
		switch {
		case h == t.Primary:
			r.add("bad-value", at, "host %q is the primary too", h)
		case slices.Contains(t.Standby[:i], h):
			r.add("duplicate-name", at, "host %q stands twice", h)
		default:
			r.knownHost(h, at)
		}
	}
}

// knownHost tells whether a host exists, and reports one that does not.
func (r *resolver) knownHost(name, path string) bool {
	if _, ok := r.hosts[name]; ok {
		return true
	}
	r.add("unknown-host", path, "unknown host %q", name).suggest(name, slices.Sorted(maps.Keys(r.hosts)))
	return false
}

func (r *resolver) probe(t *probeTable, path string) *Probe {
	p := &Probe{
		URL:       t.URL,
		Every:     r.duration(t.Every, path+".every", 10*time.Second, time.Second),
		Failures:  r.count(t.Failures, path+".failures", 3),
		Successes: r.count(t.Successes, path+".successes", 5),
	}
	if t.URL == "" {
		r.missing(path + ".url")
		return p
	}
	u, err := url.Parse(strings.ReplaceAll(t.URL, "{ip}", "192.0.2.1"))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		r.add("bad-value", path+".url", "url must be an http or https URL").fix("as in http://{ip}/healthz")
	} else if !strings.Contains(t.URL, "{ip}") {
		r.add("bad-value", path+".url", "url must hold {ip}, where the host's address goes").fix("as in http://{ip}/healthz")
	}
	return p
}

func (r *resolver) count(n *int64, path string, fallback int) int {
	if n == nil {
		return fallback
	}
	if *n < 1 || *n > 1000 {
		r.add("bad-value", path, "%s is %d, but must be from 1 to 1000", path[strings.LastIndexByte(path, '.')+1:], *n)
	}
	return int(*n)
}

func (r *resolver) notifies() {
	for i, t := range r.tables.Notify {
		path := pathOf("notify", i)
		if t.URL == "" {
			r.missing(path + ".url")
		} else {
			r.secret("url", t.URL, path+".url")
		}
		if len(t.On) == 0 {
			r.missing(path + ".on")
		}
		for j, event := range t.On {
			r.oneOf(&event, pathOf(path, "on", j), "drift", "run-failed", "window-open-too-long")
		}
		r.inv.Notifies = append(r.inv.Notifies, Notify{URL: SecretRef(t.URL), On: t.On})
	}
}
