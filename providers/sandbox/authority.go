package sandbox

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// AuthorityOptions say what StartAuthority starts.
type AuthorityOptions struct {
	// Name is the server's name in errors and lists, as "ns1".
	Name string
	// Store holds the zones; several servers may share one.
	Store *Store
	// Lag is how long after a change of the Store the server serves it, as a
	// secondary that waits for its transfer.
	Lag time.Duration
}

// Authority is an authoritative server on loopback.
type Authority struct {
	*Server
	store  *Store
	lag    time.Duration
	frozen atomic.Pointer[time.Time]
}

// StartAuthority starts an authoritative server. It answers as RFC 1034,
// section 4.3.2 says, with minimal replies; zone transfers are refused. About
// ctx see Serve.
func StartAuthority(ctx context.Context, o AuthorityOptions) (*Authority, error) {
	a := &Authority{store: o.Store, lag: o.Lag}
	srv, err := Serve(ctx, o.Name, a.answer)
	if err != nil {
		return nil, err
	}
	a.Server = srv
	a.store.attach(a)
	return a, nil
}

// Freeze makes the server go on serving what it serves now, as a secondary
// whose transfers fail, until Thaw.
func (a *Authority) Freeze() {
	at := a.viewed(a.store.now())
	a.frozen.CompareAndSwap(nil, &at)
}

// Thaw ends Freeze.
func (a *Authority) Thaw() { a.frozen.Store(nil) }

// Close stops the server; the Store stays. See Server.Close.
func (a *Authority) Close() error {
	a.store.detach(a)
	return a.Server.Close()
}

// viewed is the moment whose versions the server serves.
func (a *Authority) viewed(now time.Time) time.Time {
	if at := a.frozen.Load(); at != nil {
		return *at
	}
	return now.Add(-a.lag)
}

// answer is the server's Handler.
func (a *Authority) answer(_ context.Context, query *dns.Msg) *dns.Msg {
	m := new(dns.Msg).SetReply(query)
	q := query.Question[0]
	name, err := canonical(q.Name)
	if err != nil {
		return m.SetRcode(query, dns.RcodeFormatError)
	}
	v, ok := a.store.find(a, name, q.Qtype)
	switch {
	case !ok:
		return m.SetRcode(query, dns.RcodeRefused)
	case v.err != nil:
		m.SetRcode(query, dns.RcodeServerFailure)
		explain(m, dns.ExtendedErrorCodeNotReady, v.err.Error())
	default:
		v.content.answer(m, q)
	}
	return m
}
