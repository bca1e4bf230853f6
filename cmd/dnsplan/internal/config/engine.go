package config

import (
	"context"
	"os"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/engine/embedded"
	"github.com/dnsplan/dnsplan/plan/execute"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/probe"
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
			prober := probe.New(probe.Options{Folder: s.Inventory.InFolder})
			return embedded.Connection{
				World: w, Asker: s.client, Prober: prober, Challenger: s.challenger(p, w), Router: s.Router, Commander: s.Commander,
				Certifier: s.Certifier(clock.Now),
			}, err
		},
	}), nil
}

// Reader returns an engine that only reads the runs of a state folder. It makes
// no folder.
func Reader(settings Settings, clock execute.Clock) *embedded.Engine {
	return embedded.New(embedded.Options{State: settings.StateDir, Clock: clock})
}
