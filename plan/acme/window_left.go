package acme

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// marker is the latest that comments of the name's DNS-only records bear: one that is
// proxied again needs nobody any more, whatever its comment says.
func (s *Subject) marker() (out plan.Marker, ok bool) {
	for _, t := range families() {
		r, _ := s.Live(t)
		if r.Proxied {
			continue
		}
		for _, member := range r.Members {
			if m, _, is := plan.ParseMarker(member.Comment); is && (!ok || m.Until.After(out.Until)) {
				out, ok = m, true
			}
		}
	}
	return out, ok
}

// left are the entries about the name of a window that could not be closed; none
// where the change log here has none, or cannot be read.
func (e *examination) left(run string) []logged {
	all, _ := e.history() // X-BACK has told of an error
	return filter(all, func(l logged) bool { return l.Run == run && l.LeftOff() })
}

// judgeMarker judges a window that a record tells of, and of which no mark is here.
//
//	its run has left it open, by the change log here   fail
//	its deadline has passed                            fail
//	  and someone has changed the address in it        fail, another remedy
//	its run is one of those here, and has ended        fail
//	else another machine has it open                   fail, Info
func (e *examination) judgeMarker(m plan.Marker, left []logged) Finding {
	name, past := e.subject.Name.Display(), e.opts.Now().After(m.Until)
	said := []Asked{{Who: "provider " + e.subject.Zone.Provider, Said: fmt.Sprintf("a record of %s is DNS-only, and its comment bears %q", name, m)}}
	switch {
	case len(left) > 0:
		return e.judgeLeft(said, m.Run, left)
	case past && e.subject.overtaken():
		return failed(said, "a record of %s is DNS-only: the issuance window %s was to be closed by %s, and someone has changed its addresses in it", name, m.Run, moment(m.Until)).with(e.subject.scan(past))
	case past:
		return failed(said, "a record of %s is DNS-only: the issuance window %s was to be closed by %s, and was not", name, m.Run, moment(m.Until)).with(e.subject.scan(past))
	}
	if runs, _, err := told(e.opts.Past.Runs); err == nil && slices.Contains(runs, m.Run) {
		return failed(said, "a record of %s is DNS-only: the issuance window %s is that of a run of this state folder which has ended, and nobody closes it before %s", name, m.Run, moment(m.Until)).with(e.subject.scan(past))
	}
	return failed(said, "the issuance window %s of %s is open, until %s at the latest, by another machine or state folder", m.Run, name, moment(m.Until)).at(Info)
}

// judgeLeft judges what a window that could not be closed has left.
func (e *examination) judgeLeft(said []Asked, run string, left []logged) Finding {
	s, name := e.subject, e.subject.Name.Display()
	said = append(said, Asked{Who: "change log", Said: fmt.Sprintf("run %s has turned the proxy off on %s: left open", run, minute(left[0].At))})
	changed, deleted := s.since(left)
	if to, until, renamed := e.renamed(run); renamed && s.empty() {
		return failed(said, "%s has no record any more: someone else has renamed it to %s while the issuance window %s was open, and it is DNS-only there", name, to.Display(), run).with(
			s.scan(e.opts.Now().After(until)),
			Remedy{Do: fmt.Sprintf("Where that was not meant, give it the name %s again at the provider.", name)})
	}
	if s.empty() {
		return failed(said, "%s has no record any more: the issuance window %s could not be closed by its run, and someone else has deleted it", name, run).with(
			Remedy{Do: "Where that was not meant, make it again by hand at the provider, with the proxy on:", Paste: strings.Join(deleted, "\n")},
			Remedy{Do: "Or write into its record in the inventory proxied = true, and:", Paste: s.applied()},
			Remedy{Do: "Where it was meant, take its record out of the inventory."})
	}
	f := failed(said, "a record of %s is DNS-only: the issuance window %s could not be closed by its run", name, run)
	if len(changed) > 0 {
		f.Summary += ", and someone else has changed its record"
		f = f.with(Remedy{Do: "Where the change was not meant, set by hand at the provider what stood there before:", Paste: strings.Join(changed, "\n")})
	}
	if len(deleted) > 0 {
		f.Summary += ", and someone else has deleted another one"
		f = f.with(Remedy{Do: "Where the deletion was not meant, set it by hand at the provider again, with the proxy on:", Paste: strings.Join(deleted, "\n")})
	}
	if m, marked := s.marker(); marked {
		return f.with(s.scan(e.opts.Now().After(m.Until)))
	}
	return f.with(Remedy{Do: fmt.Sprintf("Turn the proxy of %s on by hand at the provider, or write into its record in the inventory proxied = true, and:", name), Paste: s.applied()})
}

// renamed is the name of a DNS-only record that bears the marker of a run, and until
// when its window is open. Where the run has left other names open too, theirs are no
// new names.
func (e *examination) renamed(run string) (to zone.Name, until time.Time, ok bool) {
	all, _, _ := told(e.opts.Past.Changes) // X-BACK has told of an error
	own := map[zone.Name]bool{}
	for _, c := range all {
		own[c.Name] = own[c.Name] || c.Run == run
	}
	for _, r := range e.subject.Zone.Live.RRsets {
		for _, member := range r.Members {
			if m, _, is := plan.ParseMarker(member.Comment); is && m.Run == run && !r.Proxied && !own[r.Name] {
				return r.Name, m.Until, true
			}
		}
	}
	return "", time.Time{}, false
}

// since are the records that a window found, as lines, where others have changed
// those, or deleted them.
func (s *Subject) since(left []logged) (changed, deleted []string) {
	for _, l := range left {
		var was []string
		for _, v := range l.OldValues {
			was = append(was, s.line(s.Name, l.OldTTL, l.Type, v)+" ; proxied")
		}
		switch live, ok := s.liveOf(l.Type); {
		case !ok:
			deleted = append(deleted, was...)
		case !slices.Equal(textsOf(live.Addrs), l.OldValues):
			changed = append(changed, was...)
		}
	}
	return changed, deleted
}

// empty tells whether the provider, whose zone is known, holds no address of the name.
func (s *Subject) empty() bool {
	return !slices.ContainsFunc(families(), func(t zone.Type) bool {
		_, ok := s.Live(t)
		return ok
	})
}

// liveOf returns what the provider holds for a type by its name.
func (s *Subject) liveOf(kind string) (zone.RRset, bool) {
	t, err := zone.ParseType(kind)
	if err != nil {
		return zone.RRset{}, false
	}
	return s.Live(t)
}

// textsOf are addresses as the change log has them.
func textsOf(all []netip.Addr) (out []string) {
	for _, a := range all {
		out = append(out, a.String())
	}
	return out
}

// overtaken tells whether a marker says that a record of the name had another address
// as its window was opened.
func (s *Subject) overtaken() bool {
	return slices.ContainsFunc(families(), func(t zone.Type) bool {
		r, ok := s.Live(t)
		return ok && !r.Proxied && plan.Overtaken(r)
	})
}

// scan has the windows closed that records tell of, whether their deadlines have
// passed or not. Nothing closes one over what someone has set in it, but a person.
func (s *Subject) scan(past bool) Remedy {
	if s.overtaken() {
		return Remedy{Do: fmt.Sprintf("Turn the proxy of %s on by hand at the provider, when its addresses are right.", s.Name.Display())}
	}
	words := "dnsplan recover --scan-zone " + s.Zone.Zone.Display()
	if !past {
		words += " --now"
	}
	return Remedy{Do: "Turn the proxy on again, with the values that are there by now:", Paste: words}
}
