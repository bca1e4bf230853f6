package acme

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/parking"
)

// checkParking is H-PARK. Signs alone fail no name: the token decides.
func checkParking(ctx context.Context, e *examination) []Finding {
	strange := e.strangers(ctx)
	return e.perAddress(decisive(e.plain(ctx)), func(f fetched) Finding {
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
	case byPage(signs) && ok && e.ours(f.addr):
		return unclear(hops(f), "%s is a machine of the inventory, whose server may have no site for %s, and %s", where, e.subject.Name.Display(), words).because("H-TOKEN").with(e.remedies(t)...)
	case len(signs) > 0 && ok && (e.doubt(t) == "" || len(parking.Judge(parking.Evidence{Path: page(t)})) > 0):
		return failed(hops(f), "%s does not answer with the token, and %s", where, words).with(e.unpark(f, byPage(signs))...)
	case len(signs) > 0:
		return unclear(hops(f), "%s %s; only a token could tell", where, words).with(e.unpark(f, byPage(signs))...)
	case !answered(f):
		return unclear(hops(f), "%s has not answered: %s", where, reason(f.Err))
	}
	return passed(hops(f), "%s", where)
}

// byPage tells whether nothing but the page that is shown looks parked: one's own server
// shows such a page for names that it does not know.
func byPage(signs []parking.Sign) bool {
	return len(signs) > 0 && (signs[0].Kind == parking.ByBody || signs[0].Kind == parking.ByCatchAll)
}

// ours tells whether an address is of a machine of the inventory.
func (e *examination) ours(a netip.Addr) bool {
	return slices.ContainsFunc(slices.Concat(e.client().Clients, e.subject.hosts()), func(h Host) bool {
		return slices.Contains(h.Addrs, a)
	})
}

// unpark is what to do about a parked name: the wanted addresses where there are
// others, and else a server, or a site on the one that is there.
func (e *examination) unpark(f fetched, page bool) (out []Remedy) {
	name, lines := e.subject.Name.Display(), e.subject.wantedLines(families()...)
	wanted := slices.Contains(e.subject.Addrs(), f.addr)
	if !wanted && lines != "" {
		return []Remedy{
			{Do: "Have the parking or forwarding of the name turned off at its registrar, so that these records hold:", Paste: lines},
			{Do: "And write them, if they are not there:", Paste: e.subject.applied()},
		}
	}
	if wanted && page {
		w := f.server()
		out = append([]Remedy{{
			Do:    fmt.Sprintf("If the server at %s is yours, give it a site for %s, which answers challenges. For %s, %s:", e.at(f.addr), name, w, w.about(name)),
			Paste: w.challenges(e.source(f.addr), false),
		}}, w.aside()...)
	}
	if len(out) > 0 && e.ours(f.addr) {
		return out
	}
	return append(out, Remedy{Do: "Let " + name + " lead to your own server: change its addresses in the inventory, and apply that.", Paste: e.subject.applied()})
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
