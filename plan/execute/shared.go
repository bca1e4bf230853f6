package execute

import (
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
)

// Two machines may open issuance windows over one name at once: each finds the proxy on,
// and the later one leaves its marker in place of the other's. What closes a window then
// finds of a change, without having done it:
//
//	DNS-only, another window's marker,   handed: that window closes it, and whoever is
//	whose deadline has not passed        behind it has until then
//	proxied already                      early: someone else has turned it on, and the
//	                                     command may have run through the proxy

// otherWindow is the marker of another window that keeps the RRset DNS-only.
func (w *work) otherWindow(live zone.RRset, ok bool) (m plan.Marker, held bool) {
	if w.Plan.Window == nil || !ok || live.Proxied || live.Foreign != "" {
		return m, false
	}
	for _, beside := range live.Members {
		if m, _, marked := plan.ParseMarker(beside.Comment); marked && m.Run != w.Plan.ID && w.Clock.Now().Before(m.Until) {
			return m, true
		}
	}
	return m, false
}

// shared tells whether what m is to close is left to another window. It says so, and
// where somebody else has closed it before.
func (w *work) shared(live zone.RRset, ok bool, m plan.Move) (handed bool) {
	if mark, held := w.otherWindow(live, ok); held {
		w.hand(m.Key, mark)
		return true
	}
	if w.wasOff() && is(live, ok, m.To) {
		w.foundOn(m.Key)
	}
	return false
}

// hand leaves an RRset to the other window, and says so once.
func (w *work) hand(key zone.Key, m plan.Marker) {
	c := w.changeAt(key)
	if c == nil || slices.Contains(w.handed, c.ID) {
		return
	}
	w.handed = append(w.handed, c.ID)
	w.warnf("%s stays DNS-only: the issuance window of run %s has it open until %s, and closes it", key.Display(), m.Run, m.Until.Format(time.RFC3339))
}

// foundOn notes that the proxy was on before this run has turned it on.
func (w *work) foundOn(key zone.Key) {
	if c := w.changeAt(key); c != nil && !slices.Contains(w.early, c.ID) {
		w.early = append(w.early, c.ID)
		w.warnf("the proxy of %s was on already: someone else has turned it on before the window closed", key.Display())
	}
}

func (w *work) changeAt(key zone.Key) *plan.Change {
	for _, c := range w.changes() {
		if c.Key == key {
			return c
		}
	}
	return nil
}

// wasOff tells whether the proxy was off for certain, and nothing of this run may have
// turned it on before.
func (w *work) wasOff() bool {
	s := w.state.index.window
	if s == nil || w.sent || !w.state.isDone(s.off, w.ref) {
		return false
	}
	return !w.action.Closing || w.state.steps[s.off.ID].closings[w.ref] <= 1 && !w.state.steps[s.on.ID].started[w.ref]
}

// shares takes in what others have done with a window.
func (z *zoneState) shares(f facts) {
	for _, id := range f.Handed {
		z.handed[id] = true
	}
	for _, id := range f.Early {
		z.early[id] = true
	}
}
