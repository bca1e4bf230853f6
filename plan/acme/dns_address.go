package acme

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// checkExpected is D-EXPECT.
func checkExpected(ctx context.Context, e *examination) []Finding {
	s := e.subject
	if s.Proxied() {
		return judgeHeld(s, false)
	}
	answers := e.authoritative(ctx)
	if f, none := s.nobody(answers); none {
		if held := judgeHeld(s, true); held[0].Outcome == Fail {
			return held
		}
		return []Finding{f}
	}
	return judgeExpected(s, answers)
}

// judgeExpected compares what the servers answer with what is right at this moment,
// and with nothing beside it: what is wanted, or, where a run has the RRset in hand,
// what is planned for its phase. An AAAA that is not wanted is D-AAAA's.
func judgeExpected(s *Subject, answers []resolver.Answer) (out []Finding) {
	var phases []string
	for _, t := range families() {
		want, wanted := s.Wanted(t)
		if !wanted && t == zone.AAAA {
			continue
		}
		p, _ := s.pending(t)
		var wrong []resolver.Answer
		planned := p.goesOn()
		for _, a := range definite(of(t, answers)) {
			if !slices.Equal(a.Addrs, want.Addrs) || wanted && len(a.CNAME) > 0 {
				wrong = append(wrong, a)
				planned = planned && p.planned(a.Addrs) && len(a.CNAME) == 0
			}
		}
		switch {
		case len(wrong) == 0:
		case planned:
			phases = append(phases, s.inPhase(p, wrong[0].Addrs))
		default:
			out = append(out, s.expectedAt(t, want, wrong, answers))
		}
	}
	return s.asExpected(out, phases, said(answers), "")
}

// asExpected passes where nothing was found that is not as expected.
func (s *Subject) asExpected(found []Finding, phases []string, asked []Asked, behind string) []Finding {
	switch {
	case len(found) > 0:
		return found
	case len(phases) > 0:
		return []Finding{passed(asked, "%s%s", strings.Join(phases, "; "), behind)}
	}
	return []Finding{passed(asked, "%s is %s%s, as the inventory says", s.Name.Display(), s.wantedWords(), behind)}
}

// inPhase says that a run has a family as it is, and what is to come.
func (s *Subject) inPhase(p Pending, is []netip.Addr) string {
	want, _ := s.Wanted(p.Type)
	return fmt.Sprintf("%s is %s, as run %s has it for now; %s", keyed(zone.Key{Name: s.Name, Type: p.Type}), addressWords(is), p.Run, coming(want.Addrs, is))
}

// expectedAt is a family of which servers give wrong answers.
func (s *Subject) expectedAt(t zone.Type, want Record, wrong, answers []resolver.Answer) Finding {
	at := whose(wrong)
	if len(wrong) == len(definite(of(t, answers))) {
		at = "all its name servers"
	}
	is := holding(wrong[0])
	if wrong[0].Status != resolver.Answered && len(wrong[0].CNAME) == 0 {
		is = "missing"
	}
	f := s.unexpected(t, wrong[0].Addrs, is+" at "+at).asking(said(answers))
	if len(without(answers))*len(families()) == len(definite(answers)) {
		return f.because(s.existence())
	}
	return s.unwritten(f, want, wrong)
}

// unwritten returns f with what helps where it helps nothing to write the wanted
// RRset: an alias is in its way, or the provider has it and its servers lag. What a
// run will change yet stays as it is.
func (s *Subject) unwritten(f Finding, want Record, wrong []resolver.Answer) Finding {
	switch p, _ := s.pending(wrong[0].Key.Type); {
	case p.inHand(wrong[0].Addrs):
	case len(wrong[0].CNAME) > 0:
		f.Remedies = s.unalias(wrong[0].CNAME)
		return f.because("D-CNAME")
	case len(want.Addrs) > 0 && s.holds(want):
		f.Remedies = s.transfer(wrong)
		return f.because("D-AUTH")
	}
	return f
}

// holds tells whether the provider has an RRset as it is wanted, so that it is its
// servers that lag.
func (s *Subject) holds(want Record) bool {
	live, ok := s.Live(want.Type)
	return ok && slices.Equal(live.Addrs, want.Addrs)
}

// judgeHeld compares what the provider holds with what is wanted. Behind a proxy
// that decides; where only nobody is asked, it can but show that it is wrong.
func judgeHeld(s *Subject, alone bool) (out []Finding) {
	if f, none := s.unread(); none {
		return []Finding{f}
	}
	asked := s.heldSaid()
	var phases []string
	for _, r := range s.Records {
		live, _ := s.Live(r.Type)
		p, _ := s.pending(r.Type)
		held := "missing"
		if len(live.Addrs) > 0 {
			held = listed(live.Addrs)
		}
		switch {
		case slices.Equal(live.Addrs, r.Addrs):
		case p.goesOn() && p.planned(live.Addrs):
			phases = append(phases, s.inPhase(p, live.Addrs))
		default:
			out = append(out, s.unexpected(r.Type, live.Addrs, held+" at provider "+s.Zone.Provider).asking(asked))
		}
	}
	behind := ""
	if !alone {
		behind = " behind the proxy"
	}
	return s.asExpected(out, phases, asked, behind)
}

// unexpected is a family that is not as wanted:
//
//	as a run has it that is on its way               Warning
//	as one has it that has stopped: nobody goes on   Error
//	as neither it nor the inventory has it           Error: somebody else has written
func (s *Subject) unexpected(t zone.Type, addrs []netip.Addr, is string) Finding {
	want, wanted := s.Wanted(t)
	says := "no " + t.String()
	if wanted {
		says = listed(want.Addrs) + want.home()
	}
	name := s.Name.Display()
	switch p, _ := s.pending(t); {
	case p.inHand(addrs) && !p.goesOn():
		return failed(nil, "%s of %s is %s; the inventory says %s, and run %s, which is not through with it, is %s: nobody works on it", t, name, is, says, p.Run, p.Stands).
			with(p.onward()...)
	case p.inHand(addrs):
		return failed(nil, "%s of %s is %s; the inventory says %s, and run %s is not through with it", t, name, is, says, p.Run).at(Warning).
			with(Remedy{Do: "See how the run stands:", Paste: "dnsplan show " + p.Run})
	case p.Run != "":
		return failed(nil, "%s of %s is %s; the inventory says %s, and run %s, which is not through with it, has it at %s for now", t, name, is, says, p.Run, p.phaseWords()).
			with(Remedy{Do: "Find out who has changed it; the run stops at it, and says what can be done then:", Paste: "dnsplan show " + p.Run})
	}
	f := failed(nil, "%s of %s is %s; the inventory says %s", t, name, is, says)
	if wanted {
		f = f.with(Remedy{Do: "These records are to be in " + s.inZone() + ", and no other " + t.String() + " at the name:", Paste: s.wantedLines(t)}, s.apply())
	}
	return f.with(Remedy{Do: "If the DNS is right, correct the inventory."})
}

func (s *Subject) wantedWords() string {
	var words []string
	for _, r := range s.Records {
		words = append(words, listed(r.Addrs)+r.home())
	}
	return joinedWords(words)
}

// heldSaid is what the provider holds, for Finding.Asked.
func (s *Subject) heldSaid() []Asked {
	return []Asked{{"provider " + s.Zone.Provider, s.heldWords()}}
}

func (s *Subject) heldWords() string {
	var words []string
	for _, t := range families() {
		if r, ok := s.Live(t); ok {
			words = append(words, r.String())
		}
	}
	if len(words) == 0 {
		return "no address"
	}
	return joinedWords(words)
}
