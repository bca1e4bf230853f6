package rfc2136

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// Write looks, sends one UPDATE message (more only beyond 64 KiB) and looks
// again, all at the same address of the primary. Receipt.Requests counts the
// UPDATE messages.
//
// Beyond what the contract says: an error after the server's NOERROR that is
// not a lost connection means that the server serves something else than what
// it accepted. It is a *RefusedError when it ignored every change, and an
// ErrPartial with the cause otherwise.
func (p *Provider) Write(ctx context.Context, z zone.Name, changes []providers.Change) (providers.Receipt, error) {
	receipt, err := p.write(ctx, z, changes)
	if err != nil {
		return receipt, fmt.Errorf("write %s to %v: %w", z, p.server, err)
	}
	return receipt, nil
}

func (p *Provider) write(ctx context.Context, z zone.Name, changes []providers.Change) (receipt providers.Receipt, err error) {
	b, err := providers.NewBatch(z, changes, providers.Rules{Mapped: true})
	if err != nil || len(changes) == 0 {
		return receipt, err
	}
	messages, err := split(b, dns.MaxMsgSize-p.key.overhead())
	if err != nil {
		return receipt, err
	}
	s, err := p.dial(ctx)
	if err != nil {
		return receipt, err
	}
	defer s.close()
	live, err := p.look(ctx, s, z, b.Keys())
	if err != nil {
		return receipt, err
	}
	if err := check(b, live); err != nil {
		return receipt, err
	}
	if receipt, err = p.update(ctx, s.remote, messages); err != nil {
		return receipt, err
	}
	return receipt, p.confirm(ctx, s.remote, b)
}

// update sends the messages one after the other over a connection of its own,
// so that a lost one is not mistaken for a lost reply.
func (p *Provider) update(ctx context.Context, at netip.AddrPort, messages []*providers.Batch) (receipt providers.Receipt, err error) {
	s, err := p.dialTo(ctx, at)
	if err != nil {
		return receipt, err
	}
	defer s.close()
	for i, b := range messages {
		sent, err := p.updateBatch(ctx, s, b)
		if sent {
			receipt.Requests++
		}
		if err != nil && i > 0 {
			return receipt, fmt.Errorf("%w: message %d of %d: %w", providers.ErrPartial, i+1, len(messages), err)
		}
		if err != nil {
			return receipt, err
		}
		receipt.Accepted = time.Now()
	}
	return receipt, nil
}

// updateBatch sends one message. sent tells whether the server may have it.
func (p *Provider) updateBatch(ctx context.Context, s *session, b *providers.Batch) (sent bool, err error) {
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	if _, err := s.send(ctx, buildUpdate(b.Zone, b.Groups)); err != nil {
		return false, fmt.Errorf("send the update: %w", err)
	}
	m, err := s.receive(ctx)
	_, denied := errors.AsType[*unsignedDenial](err)
	switch {
	case denied:
		return true, p.denied(ctx, s.remote, b, err)
	case errors.Is(err, providers.ErrCredentials):
		return true, err
	case err != nil:
		return true, fmt.Errorf("%w: the update was sent: %w", providers.ErrUnknown, err)
	case !m.signed:
		return true, fmt.Errorf("%w: the update was sent, the answer is %s: %w", providers.ErrUnknown, rcodeName(m.rcode), errUnsigned)
	case m.rcode == dns.RcodeServerFailure:
		return true, fmt.Errorf("%w: the update was sent, and the server answers SERVFAIL: its log says why", providers.ErrUnknown)
	case m.rcode == dns.RcodeSuccess:
		return true, nil
	}
	return true, p.refused(ctx, s.remote, b, m.rcode)
}

// denied is about a denial of the key that nobody has signed: it may come from
// the server, which has not done anything then, or from anyone who wants that to
// be believed. What is live is signed, and says which. Of an update that has
// landed, or of which that cannot be told, the outcome is unknown.
func (p *Provider) denied(ctx context.Context, at netip.AddrPort, b *providers.Batch, denial error) error {
	live, err := p.lookAt(ctx, at, b.Zone, b.Keys())
	if err == nil {
		err = check(b, live)
	}
	if err != nil {
		why := fmt.Sprintf("the answer, which is not signed, is %v; looked again: %v", denial, err) // no error of theirs: nobody knows
		return fmt.Errorf("%w: the update was sent, %s", providers.ErrUnknown, why)
	}
	return denial
}

// refused turns an rcode into an error (RFC 2136, section 2.2). SERVFAIL is not
// among them: a server that passes updates on answers so, too, when it hears
// nothing more of one.
func (p *Provider) refused(ctx context.Context, at netip.AddrPort, b *providers.Batch, rcode int) error {
	reason := rcodeName(rcode)
	switch rcode {
	case dns.RcodeNXRrset, dns.RcodeYXRrset, dns.RcodeYXDomain, dns.RcodeNameError:
		return p.conflict(ctx, at, b)
	case dns.RcodeRefused, dns.RcodeNotAuth:
		reason += ": the server does not let " + p.who() + " update the zone (" + updateSettings + ")" +
			", or does not take a name that is no host name (BIND: check-names)"
	case dns.RcodeNotImplemented:
		reason += ": the server does not do dynamic updates"
	}
	return b.Refuse(zone.Key{}, reason)
}

// conflict looks for the set whose prerequisite failed. When all are as they
// were, because it moved back or the look fails, all keys are named.
func (p *Provider) conflict(ctx context.Context, at netip.AddrPort, b *providers.Batch) error {
	live, err := p.lookAt(ctx, at, b.Zone, b.Keys())
	if err == nil {
		if err := check(b, live); err != nil {
			return err
		}
	}
	return &providers.ConflictError{Keys: b.Keys()}
}

// check compares a batch with what is live. A CNAME record is in the way of an
// RRset that is there too: the server would delete the old addresses and ignore
// the new ones (RFC 2136, section 3.4.2.2).
func check(b *providers.Batch, live *zone.Snapshot) error {
	if err := b.Check(live, nil); err != nil {
		return err
	}
	cnames := providers.CNAMEs(live)
	for _, g := range b.Groups {
		for _, c := range g.Changes {
			if there := cnames[g.Name]; c.After != nil && g.Replaces == "" && len(there) > 0 {
				return b.Refuse(c.Key(), "there is a CNAME record to "+string(there[0]))
			}
		}
	}
	return nil
}

// confirm looks whether the server serves what it has accepted.
func (p *Provider) confirm(ctx context.Context, at netip.AddrPort, b *providers.Batch) error {
	live, err := p.lookAt(ctx, at, b.Zone, b.Keys())
	if err != nil {
		return fmt.Errorf("%w: the server accepted the update: %w", providers.ErrUnknown, err)
	}
	var ignored []providers.Change
	var other error
	landed := false
	for _, c := range b.Changes {
		now := providers.Live(live, c.Key())
		switch {
		case providers.Same(c.After, now):
			landed = true
		case providers.Same(c.Before, now):
			ignored = append(ignored, c)
		case other == nil:
			other = otherError(live, c)
		}
	}
	switch {
	case other != nil:
		return fmt.Errorf("%w: behind the server's NOERROR: %w", providers.ErrPartial, other)
	case len(ignored) > 0 && landed:
		return fmt.Errorf("%w: %w", providers.ErrPartial, ignoredError(live, ignored))
	case len(ignored) > 0:
		return ignoredError(live, ignored)
	}
	return nil
}

// otherError says what is live in place of what the server accepted: another
// TTL, where the server bounds it, or someone else's set.
func otherError(live *zone.Snapshot, c providers.Change) error {
	conflict := providers.Conflict(live, c)
	if c.After == nil || conflict.Live == nil || !conflict.Live.SameValues(*c.After) {
		return conflict
	}
	return fmt.Errorf("%s: TTL %d was accepted and TTL %d is served: %w", c.Key(), c.After.TTL, conflict.Live.TTL, conflict)
}

// ignoredError names what the server dropped without a word.
func ignoredError(live *zone.Snapshot, ignored []providers.Change) error {
	e := &providers.RefusedError{Culprit: ignored[0].Key()}
	for _, c := range ignored {
		e.Keys = append(e.Keys, c.Key())
	}
	e.Reason = "the server answered NOERROR and ignored it"
	if targets := providers.CNAMEs(live)[e.Culprit.Name]; len(targets) > 0 {
		e.Reason += fmt.Sprintf(": there is a CNAME record to %s (RFC 2136, section 3.4.2.2)", targets[0])
	}
	return e
}
