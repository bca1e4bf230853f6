package rfc2136

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/providers"
)

const (
	// tellSkew is how far clocks may be apart without a word.
	tellSkew = 5 * time.Second
	// nearFudge is how far apart they are when signatures are about to be
	// refused, as they are beyond fudge.
	nearFudge = (fudge - 60) * time.Second
	// aside is how far behind a clock is that none takes for right; see hasClock.
	aside = 30 * time.Second
)

// request is a message whose replies are read.
type request struct {
	verifier
	sent time.Time
}

// skew is how far this machine's clock is ahead of the server's, to the second;
// negative: behind. It is not known until the server has signed a reply.
type skew struct {
	ahead time.Duration
	known bool
}

// skewBy is the skew as of a reply, or what was known before where the server
// has not told its time. What a message takes on its way is no skew: where the
// server's time may lie between the request and the reply, it does.
func (x *request) skewBy(received time.Time, before skew) skew {
	switch sent, got := x.sent.Unix(), received.Unix(); {
	case x.told == 0:
		return before
	case x.told < sent:
		return skew{time.Duration(sent-x.told) * time.Second, true}
	case x.told > got:
		return skew{-time.Duration(x.told-got) * time.Second, true}
	}
	return skew{known: true}
}

// serverTime is when the server signed, in Unix seconds. With BADTIME the time
// signed is the request's, and the server's own stands beside it (RFC 8945,
// section 5.2.3).
func serverTime(t *dns.TSIG, other []byte) int64 {
	if t.Error == badTime && len(other) == 6 {
		return int64(binary.BigEndian.Uint16(other))<<32 | int64(binary.BigEndian.Uint32(other[2:]))
	}
	return int64(t.TimeSigned)
}

// examineClock compares this machine's clock with the server's, as of the replies
// to questions.
func (p *Provider) examineClock(ctx context.Context, s *session, questions []question) providers.Finding {
	f := providers.Finding{Topic: "clock", Verdict: providers.Unclear}
	ahead := s.skew.ahead.Abs()
	switch {
	case !s.skew.known:
		f.Detail = "no signed reply told the time"
		return f
	case ahead <= tellSkew && !p.hasClock(ctx, s, questions):
		f.Detail = "the server does not tell its own time (PowerDNS signs with the time that it is sent)"
		return f
	case ahead <= tellSkew:
		f.Verdict, f.Detail = providers.Good, fmt.Sprintf("within %s of the server's", max(ahead, time.Second))
		return f
	case ahead >= nearFudge:
		f.Verdict = providers.Bad
	}
	side := "ahead of"
	if s.skew.ahead < 0 {
		side = "behind"
	}
	f.Detail = fmt.Sprintf("%s %s the server's; it refuses what is signed more than %s off", ahead, side, fudge*time.Second)
	f.Remedy = "set this machine's clock, and the server's (NTP): change windows and deadlines go by it, too"
	return f
}

// hasClock tells whether the server signs with its own time. One that signs with
// the request's agrees with any clock, also with one that is known to be wrong.
func (p *Provider) hasClock(ctx context.Context, s *session, questions []question) bool {
	slow := *p
	slow.now = func() time.Time { return p.now().Add(-aside) }
	again, err := slow.dialTo(ctx, s.remote)
	if err != nil {
		return false
	}
	defer again.close()
	_, _ = ask(ctx, again, questions[:min(len(questions), window)]) // an old signature may be refused, which tells the time too
	return again.skew.known && again.skew.ahead != 0
}
