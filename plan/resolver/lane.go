package resolver

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"time"

	"golang.org/x/time/rate"
)

// Windows: firstWindow queries go out at once, and each reply lets two more
// follow until the whole window is in flight, so that a slow link is not hit by
// a burst. A stream needs no more than streamWindow.
const (
	firstWindow  = 64
	streamWindow = 256

	// silentAfter queries without a reply, one after the other, mean that a
	// server is silent, not that the net is bad.
	silentAfter = 16
)

// lane is one try of a batch of questions over one socket: a loop that sends
// while the window has room, reads a reply, and uses the read deadline as its
// only timer. It runs in one goroutine and needs no lock.
type lane struct {
	f        *flight
	t        transport
	reliable bool // TCP or TLS
	reused   bool // the connection was kept from an earlier call
	limiter  *rate.Limiter

	queue  []int             // not sent yet
	slots  []slot            // in flight, where used
	free   []int             // slots that are not
	byID   map[uint16]int    // slot of an id in flight
	flying int               // slots used
	window int               // how many may be
	lost   []int             // timed out
	pace   time.Time         // when the limiter lets the next query go
	booked *rate.Reservation // of that query
	wake   time.Time         // the read deadline; zero when it must be set
	heard  time.Time         // when the last reply came

	replies, strays, unheard int
	msg                      message
}

// slot is one query in flight.
type slot struct {
	used     bool
	question int
	sent     time.Time
	query    []byte
}

// rest returns the questions without an outcome. Those that timed out come
// last, so that names that a server always drops do not hold up the others.
func (l *lane) rest() []int {
	out := make([]int, 0, l.flying+len(l.lost)+len(l.queue))
	for _, s := range l.slots {
		if s.used {
			out = append(out, s.question)
		}
	}
	return append(append(out, l.queue...), l.lost...)
}

// run asks until every question is answered or timed out, the server has gone
// silent, the socket failed, or ctx ended; rest tells what is left.
func (l *lane) run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = l.t.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	defer l.unbook()
	defer l.blame()
	l.byID = make(map[uint16]int, firstWindow)
	l.window = min(firstWindow, l.limit())
	l.heard = time.Now()
	for {
		if err := l.fill(); err != nil {
			return err
		}
		if l.flying == 0 && (len(l.queue) == 0 || l.silent()) {
			return nil
		}
		if err := l.arm(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		packet, err := l.t.recv()
		switch {
		case err == nil:
			l.take(packet)
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		default:
			l.sweep()
		}
	}
}

func (l *lane) limit() int {
	if l.reliable {
		return min(l.f.c.opts.PerServer, streamWindow)
	}
	return l.f.c.opts.PerServer
}

// fill sends as many queries as the window and the limiter let go.
func (l *lane) fill() error {
	for len(l.queue) > 0 && l.flying < l.window && !l.silent() {
		now := time.Now()
		if !l.mayGo(now) {
			return nil
		}
		question := l.queue[0]
		l.queue = l.queue[1:]
		if err := l.send(question, now); err != nil {
			return err
		}
	}
	return nil
}

// mayGo asks the limiter once for each query and sets pace where it must wait.
func (l *lane) mayGo(now time.Time) bool {
	if l.limiter == nil {
		return true
	}
	if l.booked == nil {
		l.booked = l.limiter.ReserveN(now, 1)
		l.pace = now.Add(l.booked.DelayFrom(now))
	}
	if now.Before(l.pace) {
		return false
	}
	l.booked, l.pace = nil, time.Time{}
	return true
}

// unbook gives back what the limiter granted and was not sent.
func (l *lane) unbook() {
	if l.booked != nil {
		l.booked.Cancel()
	}
}

func (l *lane) send(question int, now time.Time) error {
	at := l.slot()
	s := &l.slots[at]
	var err error
	s.query, err = appendQuery(s.query[:0], l.id(), l.f.questions[question])
	if err != nil {
		l.free = append(l.free, at)
		l.f.fail([]int{question}, Broken, err)
		return nil
	}
	s.used, s.question, s.sent = true, question, now
	l.byID[binary.BigEndian.Uint16(s.query)] = at
	l.flying++
	return l.t.send(s.query)
}

// slot returns a slot that is not in use.
func (l *lane) slot() int {
	if n := len(l.free); n > 0 {
		at := l.free[n-1]
		l.free = l.free[:n-1]
		return at
	}
	l.slots = append(l.slots, slot{})
	return len(l.slots) - 1
}

// id returns a random id that is not in flight.
func (l *lane) id() uint16 {
	for {
		id := uint16(rand.Uint32())
		if _, taken := l.byID[id]; !taken {
			return id
		}
	}
}

func (l *lane) release(at int) {
	s := &l.slots[at]
	s.used = false
	delete(l.byID, binary.BigEndian.Uint16(s.query))
	l.free = append(l.free, at)
	l.flying--
}

// arm sets the read deadline to the earliest moment at which there is something
// to do. It may be early, never late: queries sent after it was set run out
// after it.
func (l *lane) arm() error {
	if l.wake.IsZero() {
		l.wake = l.earliest()
	} else if l.pace.IsZero() || !l.pace.Before(l.wake) {
		return nil
	}
	if !l.pace.IsZero() && l.pace.Before(l.wake) {
		l.wake = l.pace
	}
	return l.t.arm(l.wake, l.f.c.opts.Timeout)
}

// earliest is when the oldest query in flight runs out.
func (l *lane) earliest() time.Time {
	first := time.Now()
	for _, s := range l.slots {
		if s.used && s.sent.Before(first) {
			first = s.sent
		}
	}
	return first.Add(l.f.c.opts.Timeout)
}

// silent tells whether the server seems to be gone: nothing was heard for a
// timeout, and for some queries in a row.
func (l *lane) silent() bool {
	return l.unheard >= silentAfter && time.Since(l.heard) >= l.f.c.opts.Timeout
}

// sweep takes out what has run out.
func (l *lane) sweep() {
	now := time.Now()
	l.wake = time.Time{}
	for at := range l.slots {
		if s := &l.slots[at]; s.used && now.Sub(s.sent) >= l.f.c.opts.Timeout {
			l.lost = append(l.lost, s.question)
			l.release(at)
			l.unheard++
		}
	}
}

// blame marks what was lost to a server that sent nothing but strays.
func (l *lane) blame() {
	if l.strays == 0 || l.replies > 0 {
		return
	}
	for _, i := range l.lost {
		l.f.odd[i] = true
	}
}

// take handles one reply. One that does not match is dropped, and its query
// goes on waiting for the true one: it may be forged.
func (l *lane) take(packet []byte) {
	now := time.Now()
	err := l.msg.parse(packet)
	at, ok := l.byID[l.msg.id]
	switch {
	case len(packet) < headerLen:
		l.strays++
	case !ok:
		l.stray(err)
	case err != nil || !l.msg.answersTo(l.slots[at].query):
		l.garbage(at)
	case l.msg.truncated() && l.reliable:
		l.hear(now)
		l.end(at, outcome{status: Malformed, cause: errStillTruncated})
	case l.msg.truncated():
		l.hear(now)
		l.f.truncated = append(l.f.truncated, l.slots[at].question)
		l.release(at)
	default:
		l.hear(now)
		l.end(at, outcome{msg: &l.msg, rtt: now.Sub(l.slots[at].sent)})
	}
}

var (
	errStillTruncated = errors.New("reply truncated over TCP")
	errGarbage        = errors.New("malformed reply")
)

// hear notes a reply that matched and widens the window.
func (l *lane) hear(now time.Time) {
	l.replies++
	l.unheard, l.heard = 0, now
	l.window = min(l.window+1, l.limit())
}

// end delivers the outcome of a query in flight.
func (l *lane) end(at int, o outcome) {
	o.at = l.f.c.opts.Now()
	l.f.deliver(l.slots[at].question, o)
	l.release(at)
}

// garbage handles a reply with a query's id that is no reply to it. Nobody can
// forge one over a stream, so there it is the end.
func (l *lane) garbage(at int) {
	l.f.odd[l.slots[at].question] = true
	if l.reliable {
		l.hear(time.Now())
		l.end(at, outcome{status: Malformed, cause: errGarbage})
	}
}

// stray handles a reply with an id that is not in flight: a late or a repeated
// one, or one whose id is wrong, which is blamed on the query it repeats.
func (l *lane) stray(err error) {
	l.strays++
	if err != nil {
		return
	}
	for _, s := range l.slots {
		if s.used && l.msg.sameQuestion(s.query) {
			l.f.odd[s.question] = true
		}
	}
}
