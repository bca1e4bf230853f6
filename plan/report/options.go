package report

import (
	"math"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Options say how to render. The zero value is plain text, 80 columns wide, in
// UTC; Now should be set, since "in 5m" and "today" are relative to it.
type Options struct {
	// Color adds colours (SGR escapes); what they say is also said in words.
	Color bool
	// Width is the widest line, in columns; 0 is 80, and less than 40 is 40.
	Width int
	// Fold breaks remarks and the lines of NewPlain too where they are wider, as is
	// right on a terminal. In a pipe or a file, which machines read, each is one line.
	Fold bool
	// ASCII keeps signs within ASCII, for terminals that are not UTF-8.
	ASCII bool
	// Now is the time of rendering.
	Now time.Time
	// Location is the time zone for people; nil is UTC. JSON is always UTC.
	Location *time.Location
	// Command makes what to type out of the words of a command, "resume 01K5";
	// nil puts the program's name in front.
	Command func(words string) string
	// Save is what to type to save a plan that is shown as change.plan; empty is "plan -o
	// change.plan" by Command.
	Save string
	// Only are the names that a plan was limited to; empty is all.
	Only []zone.Name
	// MaxChanges is how many changes of a zone a plan shows; 0 is 50.
	MaxChanges int
	// MaxUnmanaged is how many unmanaged RRsets a plan shows; 0 is 5.
	MaxUnmanaged int
	// MaxSteps is how many steps a timeline shows; 0 is 60.
	MaxSteps int
}

// WholeLines is a Width at which no line is broken, for what is searched line by
// line.
const WholeLines = math.MaxInt32

const (
	defaultWidth     = 80
	leastWidth       = 40
	defaultChanges   = 50
	defaultUnmanaged = 5
	defaultSteps     = 60
)

// program starts what is to be typed.
const program = "dnsplan "

func (o Options) filled() Options {
	if o.Width == 0 {
		o.Width = defaultWidth
	}
	o.Width = max(o.Width, leastWidth)
	if o.Command == nil {
		o.Command = func(words string) string { return program + words }
	}
	if o.Save == "" {
		o.Save = o.Command("plan -o change.plan")
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	for _, d := range []struct {
		n    *int
		less int
	}{{&o.MaxChanges, defaultChanges}, {&o.MaxUnmanaged, defaultUnmanaged}, {&o.MaxSteps, defaultSteps}} {
		if *d.n <= 0 {
			*d.n = d.less
		}
	}
	return o
}
