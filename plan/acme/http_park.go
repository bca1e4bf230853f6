package acme

import (
	"context"
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/parking"
)

// checkParking is H-PARK. Signs alone fail no name: the token decides.
func checkParking(ctx context.Context, e *examination) []Finding {
	strange := e.strangers(ctx)
	return e.perAddress(asked(e.plain(ctx)), func(f fetched) Finding {
		i := slices.IndexFunc(strange, func(s fetched) bool { return s.addr == f.addr })
		signs := parking.Judge(parking.Evidence{
			NameServers: e.subject.Zone.nameServers(), CNAMEs: e.chain(ctx), Addrs: []netip.Addr{f.addr},
			Path: page(f), Host: page(strange[i]),
		})
		t, ok := e.token(ctx, f.addr)
		return e.judgeParking(f, signs, t, ok)
	}, "nothing there looks parked")
}

// judgeParking weighs signs against the token t, which was fetched where ok.
func (e *examination) judgeParking(f fetched, signs []parking.Sign, t fetched, ok bool) Finding {
	where, words := e.place(f.target), parking.Words(signs)
	switch {
	case ok && t.Verdict == http01.Valid:
		return passed(hops(t), "%s answers with the token", where)
	case len(signs) > 0 && signs[0].Kind == parking.ByCatchAll && ok && e.ours(f.addr):
		return unclear(hops(f), "%s is a machine of the inventory where an ACME client runs, and %s", where, words).because("H-TOKEN")
	case len(signs) > 0 && ok && (e.doubt(t) == "" || len(parking.Judge(parking.Evidence{Path: page(t)})) > 0):
		return failed(hops(f), "%s does not answer with the token, and %s", where, words).with(e.unpark(f)...)
	case len(signs) > 0:
		return unclear(hops(f), "%s %s; only a token could tell", where, words).with(e.unpark(f)...)
	case !answered(f):
		return unclear(hops(f), "%s has not answered: %s", where, cause(f.Err))
	}
	return passed(hops(f), "%s", where)
}

// ours tells whether an address is of a machine of the inventory that an ACME client
// runs on: a page for any path is a catch-all of one's own there.
func (e *examination) ours(a netip.Addr) bool {
	return slices.ContainsFunc(slices.Concat(e.planter().Clients, e.subject.hosts()), func(h Host) bool {
		return h.ACMEClient && slices.Contains(h.Addrs, a)
	})
}

// unpark is what to do about a parked name: the wanted addresses where there are
// others, and else a server.
func (e *examination) unpark(f fetched) []Remedy {
	lines := e.subject.wantedLines(families()...)
	if slices.Contains(e.subject.Addrs(), f.addr) || lines == "" {
		return []Remedy{{Do: "Let " + e.subject.Name.Display() + " lead to your own server: change its addresses in the inventory, and apply that.", Paste: e.subject.applied()}}
	}
	return []Remedy{
		{Do: "Have the parking or forwarding of the name turned off at its registrar, so that these records hold:", Paste: lines},
		{Do: "And write them, if they are not there:", Paste: e.subject.applied()},
	}
}

// nameServers are the names of the zone's servers.
func (z *Zone) nameServers() (out []zone.Name) {
	for _, ns := range z.Servers {
		out = append(out, zone.Canonical(ns.Name))
	}
	return out
}

// page is what an address has answered itself; nil without an answer.
func page(f fetched) *parking.Page {
	if !answered(f) {
		return nil
	}
	h := f.Hops[0]
	if h.Location == "" {
		return &parking.Page{Status: h.Status, Header: h.Header, Body: h.Body}
	}
	header := h.Header.Clone()
	header.Set("Location", h.Location)
	return &parking.Page{Status: h.Status, Header: header, Body: h.Body}
}

// nobody is a name that none has.
const nobody = "nobody-has-this-name.invalid"

// strangers are what each address answers for a name that nobody has.
func (e *examination) strangers(ctx context.Context) []fetched {
	return e.name.stranger.get(func() []fetched {
		return e.fetch(ctx, e.unplaced(), "", nobody)
	})
}
