package config

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// Engine returns the engine over the session's state folder, which it makes
// where it is missing. The session may be nil for an engine that only reads.
func (s *Session) Engine(clock execute.Clock, command string, o embedded.Observer) (*embedded.Engine, error) {
	if err := s.openState(); err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return embedded.New(embedded.Options{
		State: s.Settings.StateDir, Clock: clock, Observer: o,
		Holder: journal.Holder{PID: os.Getpid(), Host: host, Command: command},
		Connect: func(ctx context.Context, p *plan.Plan) (embedded.Connection, error) {
			w, err := s.World(ctx, p, clock.Now)
			return embedded.Connection{World: w, Asker: s.client}, err
		},
	}), nil
}

// Reader returns an engine that only reads the runs of a state folder. It makes
// no folder.
func Reader(settings Settings, clock execute.Clock) *embedded.Engine {
	return embedded.New(embedded.Options{State: settings.StateDir, Clock: clock})
}

// remembered is the longest that an earlier run is looked back at: the TTL that
// resolvers cap theirs at by default is a day (Unbound) to a week (BIND).
const remembered = 8 * 24 * time.Hour

// Remembered returns until when resolvers may hold what stood before the writes
// of earlier runs, as their journals tell.
func (s *Session) Remembered(now time.Time) (map[plan.ZoneRef]map[zone.Key]time.Time, error) {
	out := map[plan.ZoneRef]map[zone.Key]time.Time{}
	if _, err := os.Stat(filepath.Join(s.Settings.StateDir, journal.RunsDir)); os.IsNotExist(err) {
		return out, nil
	}
	runs, err := journal.ListRuns(s.Settings.StateDir)
	if err != nil {
		return nil, err
	}
	for _, r := range runs {
		id, err := ulid.ParseStrict(strings.ToUpper(r.ID))
		if err != nil || now.Sub(ulid.Time(id.Time())) > remembered {
			continue
		}
		s.remember(r, out)
	}
	return out, nil
}

// remember adds what one run left in caches. A run that cannot be read left
// nothing that could be told; show and resume say what is wrong with it.
func (s *Session) remember(r journal.Run, out map[plan.ZoneRef]map[zone.Key]time.Time) {
	doc, err := r.Plan()
	if err != nil {
		return
	}
	p, err := plan.Decode(doc)
	if err != nil {
		return
	}
	events, err := r.Events()
	if err != nil {
		return
	}
	for ref, keys := range execute.Fold(p, events).Remembered() {
		if out[ref] == nil {
			out[ref] = map[zone.Key]time.Time{}
		}
		for k, t := range keys {
			if t.After(out[ref][k]) {
				out[ref][k] = t
			}
		}
	}
}
