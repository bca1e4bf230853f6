package execute

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/plan/resolver"
	"github.com/dnsplan/dnsplan/plan/verify"
)

// The pauses between two rounds of questions.
const (
	firstRound   = 200 * time.Millisecond
	longestRound = 5 * time.Second
)

// asked is one question to one server, with what it should answer.
type asked struct {
	server  resolver.Server
	recurse bool
	want    verify.Want
}

// cross pairs every server with every want.
func cross(servers []resolver.Server, recurse bool, wants []verify.Want) []asked {
	out := make([]asked, 0, len(servers)*len(wants))
	for _, s := range servers {
		for _, w := range wants {
			out = append(out, asked{s, recurse, w})
		}
	}
	return out
}

// ask puts the questions, all at once, and judges the answers; the lines are
// parallel to the questions.
func (w *work) ask(ctx context.Context, questions []asked) []verify.Line {
	queries := make([]resolver.Query, len(questions))
	for i, q := range questions {
		queries[i] = resolver.Query{Server: q.server, Key: q.want.Key, Recurse: q.recurse}
	}
	lines := make([]verify.Line, len(questions))
	for i, a := range w.Asker.Ask(ctx, queries) {
		lines[i] = verify.Judge(questions[i].want, a)
	}
	return lines
}

// poll is a set of questions that are asked until each has been answered for
// good, until that is enough, or until the deadline.
type poll struct {
	doing    string
	deadline time.Time
	open     []asked
	// judge takes a line in and says whether its question is answered for good.
	judge func(asked, verify.Line) bool
	// enough, when set, ends the poll early.
	enough func() bool
	// leaps, when set, is told by how much the clock has leapt in a pause.
	leaps func(time.Duration)
	// doubt, when set, is called once, as soon as a round leaves a question open;
	// its error ends the poll.
	doubt func(context.Context) error
}

// run polls and returns the lines of the questions that stayed open: none when
// all were answered. The first round asks everything; later ones only a sample
// of each server, and everything again once a sampled server has moved.
func (w *work) run(ctx context.Context, p poll) ([]verify.Line, error) {
	pause, full := firstRound, true
	for {
		round := p.open
		if !full {
			round = sample(p.open)
		}
		lines := w.ask(ctx, round)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		w.progress(p.doing, p.deadline, worst(lines))
		moved := p.settle(round, lines) < len(round)
		if len(p.open) == 0 || p.enough != nil && p.enough() {
			return nil, nil
		}
		if p.doubt != nil {
			if err := p.doubt(ctx); err != nil {
				return nil, err
			}
			p.doubt = nil
		}
		if full = moved && !full; full {
			continue
		}
		now := w.Clock.Now()
		if !now.Before(p.deadline) {
			return w.last(ctx, p)
		}
		leapt, err := w.pause(ctx, earlier(now.Add(pause), p.deadline))
		if err != nil {
			return nil, err
		}
		p.deadline = p.deadline.Add(leapt) // nobody is given up who was not waited for
		if p.leaps != nil {
			p.leaps(leapt)
		}
		pause = min(pause*3/2, longestRound)
	}
}

// tolerated is how much later than it was to a pause may end on a busy machine.
const tolerated = 10 * time.Second

// pause waits between two rounds, or two tries. It returns by how much the clock was
// set meanwhile, or the machine slept; a clock that is set back does not make it
// longer.
func (w *work) pause(ctx context.Context, until time.Time) (leapt time.Duration, err error) {
	short, stop := context.WithTimeout(ctx, until.Sub(w.Clock.Now())+tolerated)
	defer stop()
	if err := w.Clock.SleepUntil(short, until); err != nil && (ctx.Err() != nil || short.Err() == nil) {
		return 0, err
	}
	if late := w.Clock.Now().Sub(until); late > tolerated || late < 0 {
		return late, nil
	}
	return 0, nil
}

// last asks all that is open once more, so that what is reported is what is so.
func (w *work) last(ctx context.Context, p poll) ([]verify.Line, error) {
	lines := w.ask(ctx, p.open)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var left []verify.Line
	for i, l := range lines {
		if !p.judge(p.open[i], l) {
			left = append(left, l)
		}
	}
	if p.enough != nil && p.enough() {
		return nil, nil
	}
	return left, nil
}

// settle drops the answered questions of the round from p.open and returns how
// many of the round stay open.
func (p *poll) settle(round []asked, lines []verify.Line) (left int) {
	answered := map[questionID]bool{}
	for i, l := range lines {
		if p.judge(round[i], l) {
			answered[round[i].id()] = true
		} else {
			left++
		}
	}
	p.open = slices.DeleteFunc(slices.Clone(p.open), func(q asked) bool { return answered[q.id()] })
	return left
}

// questionID is what tells two questions of one poll apart.
type questionID struct {
	server resolver.Server
	key    string
}

func (q asked) id() questionID { return questionID{q.server, q.want.Key.String()} }

// sampleSize is how many open questions are put again to each server; when
// one of them is answered, the rest is asked at once. So a server that lags for
// an hour is not asked for a hundred thousand names each second.
const sampleSize = 8

func sample(open []asked) []asked {
	n := map[resolver.Server]int{}
	var out []asked
	for _, q := range open {
		if n[q.server] < sampleSize {
			n[q.server]++
			out = append(out, q)
		}
	}
	return out
}

// shownLines is how many lines a progress report holds.
const shownLines = 24

// worst returns the lines that people look for first: those that are not good.
func worst(lines []verify.Line) []verify.Line {
	out := slices.Clone(lines)
	slices.SortStableFunc(out, func(a, b verify.Line) int {
		switch {
		case a.Verdict.Good() == b.Verdict.Good():
			return 0
		case b.Verdict.Good():
			return -1
		}
		return 1
	})
	return out[:min(len(out), shownLines)]
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// explainLines says what each server still answers, for an error.
func explainLines(lines []verify.Line) string {
	const most = 6
	var out []string
	for i, l := range lines {
		if i == most {
			out = append(out, fmt.Sprintf("and %d more", len(lines)-most))
			break
		}
		out = append(out, explainLine(l))
	}
	return strings.Join(out, "; ")
}

func explainLine(l verify.Line) string {
	switch {
	case l.Verdict.Good():
		return fmt.Sprintf("%s gave an old answer for %s after the wait, which caches behind it may still hold", l.Who(), keyOf(l).Display())
	case l.Verdict == verify.Silent || l.Verdict == verify.Failing:
		return fmt.Sprintf("%s: %s for %s", l.Who(), l.Status, keyOf(l).Display())
	}
	return fmt.Sprintf("%s answers %s for %s", l.Who(), answerOf(l), keyOf(l).Display())
}

func answerOf(l verify.Line) string {
	if len(l.Values) == 0 {
		return l.Status
	}
	values := make([]string, len(l.Values))
	for i, v := range l.Values {
		values[i] = v.String()
	}
	return fmt.Sprintf("%s (TTL %d)", strings.Join(values, " "), l.TTL)
}
