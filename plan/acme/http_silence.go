package acme

import (
	"cmp"
	"context"
	"net/netip"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// httpZone is HTTP's part of a zone's evidence.
type httpZone struct {
	// unanswered tells of each address that was asked why nothing came of it in time,
	// whoever asks; nil where something did.
	unanswered lazies[netip.Addr, *http01.Error]
	// withheld tells of those that take connections whether tokens are not answered
	// either.
	withheld lazies[netip.Addr, bool]
}

// validate asks the address of r.Pin, and remembers for the zone whether it is silent:
// connections to it are dropped, or taken and never answered. While it is asked for the
// first time others wait, and then have the same answer without asking. So it costs its
// time-out once a zone, not several times a name.
func (e *examination) validate(ctx context.Context, v *http01.Validator, r http01.Request) (out http01.Result) {
	told := false
	silent := e.zone.unanswered.get(r.Pin, func() *http01.Error {
		told, out = true, v.Validate(ctx, r)
		f := fetched{Result: out}
		if f.tookTooLong(http01.ConnectTimeout) || f.tookTooLong(http01.AnswerTimeout) && e.nobodyHears(ctx, r.Pin) {
			return out.Err
		}
		return nil
	})
	switch {
	case told:
		return out
	case silent == nil || silent.Kind == http01.AnswerTimeout && e.hands(ctx, v, r):
		return v.Validate(ctx, r)
	}
	again := *silent
	again.URL = "http://" + r.Host + cmp.Or(r.Path, http01.Path+r.Token)
	return http01.Result{Verdict: http01.Connection, Err: &again, Hops: []http01.Hop{{
		URL: again.URL, Host: r.Host, Pinned: true, Used: r.Pin, Port: uint16(e.opts.HTTPPort), //nolint:gosec // G115: a port, checked by the inventory
	}}}
}

// tookTooLong tells whether the address itself has let time run out in this way.
func (f fetched) tookTooLong(k http01.Kind) bool {
	return len(f.Hops) == 1 && f.Err != nil && f.Err.Kind == k
}

// patience is how long an address has to answer anybody at all, once it has let the time
// of an authority run out.
const patience = 5 * time.Second

// nobodyHears tells whether an address answers another client, for another name, as
// little: then it is not one site alone that is slow, nor one client that is left
// waiting.
func (e *examination) nobodyHears(ctx context.Context, a netip.Addr) bool {
	return ignored(ctx, e.validator(ctx, browser), http01.Request{Host: nobody, Token: e.unplaced().Name, Pin: a})
}

// hands tells whether r is for a token in place, and an address that answers nothing
// else hands those out: a server may do so whose application takes too long for paths
// that it does not know.
func (e *examination) hands(ctx context.Context, v *http01.Validator, r http01.Request) bool {
	if r.Token == "" || r.Token == e.unplaced().Name {
		return false
	}
	return !e.zone.withheld.get(r.Pin, func() bool { return ignored(ctx, v, r) })
}

// ignored tells whether a request is not answered before patience ends.
func ignored(ctx context.Context, v *http01.Validator, r http01.Request) bool {
	limited, stop := context.WithTimeout(ctx, patience)
	defer stop()
	f := fetched{Result: v.Validate(limited, r)}
	return ctx.Err() == nil && (f.tookTooLong(http01.AnswerTimeout) || f.tookTooLong(http01.Cancelled))
}

// mute tells whether f is of an address that answers nobody.
func (e *examination) mute(f fetched) bool {
	return unreached(f) || f.tookTooLong(http01.AnswerTimeout) && e.zone.unanswered.get(f.addr, func() *http01.Error { return nil }) != nil
}
