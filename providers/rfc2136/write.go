package rfc2136

import (
	"cmp"
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
	groups, err := groupChanges(z, changes)
	if err != nil || len(groups) == 0 {
		return receipt, err
	}
	batches, err := split(z, groups, dns.MaxMsgSize-p.key.overhead())
	if err != nil {
		return receipt, err
	}
	s, err := p.dial(ctx)
	if err != nil {
		return receipt, err
	}
	defer s.close()
	live, err := p.look(ctx, s, z, keysOf(groups))
	if err != nil {
		return receipt, err
	}
	if err := firstMoved(live, groups); err != nil {
		return receipt, err
	}
	if receipt, err = p.update(ctx, s.remote, z, batches); err != nil {
		return receipt, err
	}
	return receipt, p.confirm(ctx, s.remote, z, groups)
}

// update sends the batches one after the other over a connection of its own,
// so that a lost one is not mistaken for a lost reply.
func (p *Provider) update(ctx context.Context, at netip.AddrPort, z zone.Name, batches [][]group) (receipt providers.Receipt, err error) {
	s, err := p.dialTo(ctx, at)
	if err != nil {
		return receipt, err
	}
	defer s.close()
	for i, batch := range batches {
		sent, err := p.updateBatch(ctx, s, z, batch)
		if sent {
			receipt.Requests++
		}
		if err != nil && i > 0 {
			return receipt, fmt.Errorf("%w: message %d of %d: %w", providers.ErrPartial, i+1, len(batches), err)
		}
		if err != nil {
			return receipt, err
		}
		receipt.Accepted = time.Now()
	}
	return receipt, nil
}

// updateBatch sends one message. sent tells whether the server may have it.
func (p *Provider) updateBatch(ctx context.Context, s *session, z zone.Name, batch []group) (sent bool, err error) {
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	if _, err := s.send(ctx, buildUpdate(z, batch)); err != nil {
		return false, fmt.Errorf("send the update: %w", err)
	}
	m, signed, err := s.receive(ctx)
	switch {
	case errors.Is(err, providers.ErrCredentials):
		return true, err
	case err != nil:
		return true, fmt.Errorf("%w: the update was sent: %w", providers.ErrUnknown, err)
	case !signed:
		return true, fmt.Errorf("%w: the update was sent, the answer is %s: %w", providers.ErrUnknown, rcodeName(m.rcode), errUnsigned)
	case m.rcode == dns.RcodeSuccess:
		return true, nil
	}
	return true, p.refused(ctx, s.remote, z, batch, m.rcode)
}

// refused turns an rcode into an error (RFC 2136, section 2.2).
func (p *Provider) refused(ctx context.Context, at netip.AddrPort, z zone.Name, batch []group, rcode int) error {
	reason := rcodeName(rcode)
	switch rcode {
	case dns.RcodeNXRrset, dns.RcodeYXRrset, dns.RcodeYXDomain, dns.RcodeNameError:
		return p.conflict(ctx, at, z, batch)
	case dns.RcodeRefused, dns.RcodeNotAuth:
		reason += ": the server does not let " + p.who() + " update the zone (BIND: allow-update or update-policy; Knot: an acl with action update; PowerDNS: dnsupdate=yes and TSIG-ALLOW-DNSUPDATE)" +
			", or does not take a name that is no host name (BIND: check-names)"
	case dns.RcodeNotImplemented:
		reason += ": the server does not do dynamic updates"
	case dns.RcodeServerFailure:
		reason += ": the server's log says why"
	}
	return &providers.RefusedError{Keys: keysOf(batch), Reason: reason}
}

// conflict looks for the set whose prerequisite failed. When all are as they
// were, because it moved back or the look fails, all keys are named.
func (p *Provider) conflict(ctx context.Context, at netip.AddrPort, z zone.Name, batch []group) error {
	live, err := p.lookAt(ctx, at, z, keysOf(batch))
	if err == nil {
		if err := firstMoved(live, batch); err != nil {
			return err
		}
	}
	return &providers.ConflictError{Keys: keysOf(batch)}
}

// firstMoved returns a conflict for the first set, or CNAME record to replace,
// that is not what the changes hold as seen. A CNAME record that no change
// replaces is refused, as the server would ignore what is added beside it.
func firstMoved(live *zone.Snapshot, groups []group) error {
	cnames := targets(live)
	for _, g := range groups {
		for _, c := range g.changes {
			if !isLive(live, c.Key(), c.Before) {
				return conflictOf(live, c)
			}
		}
		cname := cnames[g.name]
		switch {
		case !g.adds() || cname == g.replaces:
		case g.replaces == "":
			return &providers.RefusedError{
				Keys:    keysOf(groups),
				Culprit: g.changes[0].Key(),
				Reason:  "there is a CNAME record to " + string(cname),
			}
		default:
			return fmt.Errorf("the CNAME record to replace points to %s, now to %s: %w",
				g.replaces, cmp.Or(string(cname), "nothing"), conflictOf(live, g.changes[0]))
		}
	}
	return nil
}

func conflictOf(live *zone.Snapshot, c providers.Change) *providers.ConflictError {
	e := &providers.ConflictError{Keys: []zone.Key{c.Key()}, Seen: c.Before}
	if set, ok := live.Find(c.Key()); ok {
		e.Live = &set
	}
	return e
}

// isLive tells whether want is what live has at key, in values and TTL; nil is
// no set.
func isLive(live *zone.Snapshot, key zone.Key, want *zone.RRset) bool {
	set, ok := live.Find(key)
	if want == nil || !ok {
		return !ok && want == nil
	}
	norm := want.Clone()
	norm.Members = nil
	norm.Normalize()
	return set.SameValues(norm) && set.TTL == norm.TTL
}

// targets returns the CNAME records' targets by name.
func targets(live *zone.Snapshot) map[zone.Name]zone.Name {
	out := map[zone.Name]zone.Name{}
	for _, r := range live.Others {
		if r.Type == "CNAME" {
			out[r.Name] = zone.Canonical(r.Data)
		}
	}
	return out
}

// confirm looks whether the server serves what it has accepted.
func (p *Provider) confirm(ctx context.Context, at netip.AddrPort, z zone.Name, groups []group) error {
	live, err := p.lookAt(ctx, at, z, keysOf(groups))
	if err != nil {
		return fmt.Errorf("%w: the server accepted the update: %w", providers.ErrUnknown, err)
	}
	var ignored []providers.Change
	var other error
	landed := false
	for _, g := range groups {
		for _, c := range g.changes {
			switch {
			case isLive(live, c.Key(), c.After):
				landed = true
			case isLive(live, c.Key(), c.Before):
				ignored = append(ignored, c)
			case other == nil:
				other = otherError(live, c)
			}
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
	conflict := conflictOf(live, c)
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
	if target := targets(live)[e.Culprit.Name]; target != "" {
		e.Reason += fmt.Sprintf(": there is a CNAME record to %s (RFC 2136, section 3.4.2.2)", target)
	}
	return e
}
