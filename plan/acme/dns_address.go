package acme

import (
	"context"
	"slices"

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

// judgeExpected compares what the servers answer with what is wanted, and with
// nothing beside it. An AAAA that is not wanted is D-AAAA's. What a run that has
// not ended will change yet stops nothing.
func judgeExpected(s *Subject, answers []resolver.Answer) (out []Finding) {
	for _, t := range families() {
		want, wanted := s.Wanted(t)
		if !wanted && t == zone.AAAA {
			continue
		}
		var wrong []resolver.Answer
		for _, a := range definite(of(t, answers)) {
			if !slices.Equal(a.Addrs, want.Addrs) || wanted && len(a.CNAME) > 0 {
				wrong = append(wrong, a)
			}
		}
		if len(wrong) > 0 {
			at := whose(wrong)
			if len(wrong) == len(definite(of(t, answers))) {
				at = "all its name servers"
			}
			f := s.unexpected(t, holding(wrong[0])+" at "+at).asking(said(answers))
			if len(without(answers))*len(families()) == len(definite(answers)) {
				f = f.because(s.exists())
			} else {
				f = s.unwritten(f, want, wrong)
			}
			out = append(out, f)
		}
	}
	if len(out) == 0 {
		out = append(out, passed(said(answers), "%s is %s, as the inventory says", s.Name.Display(), s.wantedWords()))
	}
	return out
}

// unwritten returns f with what helps where it helps nothing to write the wanted
// RRset: an alias is in its way, or the provider has it and its servers lag. What a
// run will change yet stays as it is.
func (s *Subject) unwritten(f Finding, want Record, wrong []resolver.Answer) Finding {
	switch {
	case f.Severity == Warning:
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
	asked := []Asked{{"provider " + s.Zone.Provider, s.heldWords()}}
	for _, r := range s.Records {
		if live, _ := s.Live(r.Type); !slices.Equal(live.Addrs, r.Addrs) {
			held := "missing"
			if len(live.Addrs) > 0 {
				held = listed(live.Addrs)
			}
			out = append(out, s.unexpected(r.Type, held+" at provider "+s.Zone.Provider).asking(asked))
		}
	}
	if len(out) == 0 {
		behind := ""
		if !alone {
			behind = " behind the proxy"
		}
		out = append(out, passed(asked, "%s is %s%s, as the inventory says", s.Name.Display(), s.wantedWords(), behind))
	}
	return out
}

// asking returns f with who was asked.
func (f Finding) asking(a []Asked) Finding {
	f.Asked = a
	return f
}

// unexpected is a family that is not as wanted.
func (s *Subject) unexpected(t zone.Type, is string) Finding {
	want, wanted := s.Wanted(t)
	says := "no " + t.String()
	if wanted {
		says = listed(want.Addrs) + want.home()
	}
	if p, ok := s.pending(t); ok && p.Run != "" {
		return failed(nil, "%s of %s is %s; the inventory says %s, and run %s is not through with it", t, s.Name.Display(), is, says, p.Run).at(Warning).
			with(Remedy{Do: "See how the run stands:", Paste: "dnsplan show " + p.Run})
	}
	f := failed(nil, "%s of %s is %s; the inventory says %s", t, s.Name.Display(), is, says)
	if wanted {
		f = f.with(Remedy{Do: "These records are to be in " + s.inZone() + ", and no other " + t.String() + " at the name:", Paste: s.wantedLines(t)}, s.apply())
	}
	return f.with(Remedy{Do: "If the DNS is right, correct the inventory."})
}

// pending is what runs have left of a family.
func (s *Subject) pending(t zone.Type) (Pending, bool) {
	i := slices.IndexFunc(s.Pending, func(p Pending) bool { return p.Type == t })
	if i < 0 {
		return Pending{}, false
	}
	return s.Pending[i], true
}

func (s *Subject) wantedWords() string {
	var words []string
	for _, r := range s.Records {
		words = append(words, listed(r.Addrs)+r.home())
	}
	return joinedWords(words)
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
