package embedded

import (
	"github.com/dnsplan/dnsplan/plan/journal"
)

// faulty is a journal whose disk fails at one append, and at all behind it.
type faulty struct {
	appender
	left   int // appends that are still good
	lands  bool
	failed func()
	err    error
}

func (f *faulty) Append(events ...journal.Event) ([]journal.Event, error) {
	if f.left--; f.left >= 0 {
		return f.appender.Append(events...)
	}
	if f.failed != nil {
		f.failed()
		f.failed = nil
		if f.lands {
			_, _ = f.appender.Append(events...)
		}
	}
	return nil, f.err
}

// FailJournal makes the run's journal fail with err at an append, behind some
// good ones. With lands that append is on disk all the same, as where a sync
// fails. Failed is called at that moment.
func (e *Engine) FailJournal(id string, good int, lands bool, err error, failed func()) {
	r := e.held[id]
	r.writer = &faulty{appender: r.writer, left: good, lands: lands, failed: failed, err: err}
}
