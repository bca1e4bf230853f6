package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan/execute"
)

// How long, and how often, it is looked whether a certificate has
// become another one: servers load them in their own time.
const (
	renewedLooks = 3
	renewedLook  = time.Second
)

// compare tells of origins that serve another certificate now, which is what the
// window was for, and warns of those that serve the one of before, although the
// command has ended well.
func (w *issuing) compare(ctx context.Context, is config.Issuance, r execute.Result) {
	c := r.Window
	if c == nil || c.Command == nil || c.Command.Ended.IsZero() || c.Command.Code != 0 {
		return
	}
	var same []config.OriginCertificate
	for look := range renewedLooks {
		if look > 0 && w.clock.SleepUntil(ctx, w.clock.Now().Add(renewedLook)) != nil {
			return
		}
		after, err := w.session.OriginCertificates(ctx, is.Origins, w.clock.Now)
		if err != nil {
			w.notices.line(fmt.Sprintf("warning: whether the certificate is another one cannot be told: %v", err))
			return
		}
		var renewed []config.OriginCertificate
		if same, renewed = compared(w.before, after); len(same) == 0 {
			w.tellOfNew(renewed)
			return
		}
	}
	for _, s := range same {
		w.notices.line(fmt.Sprintf("warning: %s serves the certificate of before for %s: nothing was issued, or the server has not loaded it", s.Served.At, s.Name.Display()))
	}
}

// tellOfNew says which certificates are served now.
func (w *issuing) tellOfNew(renewed []config.OriginCertificate) {
	for _, c := range renewed {
		leaf := c.Served.Leaf()
		w.notices.line(fmt.Sprintf("%s serves a new certificate for %s, serial %x, valid until %s",
			c.Served.At, c.Name.Display(), leaf.SerialNumber, leaf.NotAfter.UTC().Format("2006-01-02 15:04 MST")))
	}
}

// compared tells certificates that were served before from those that are new.
func compared(before, after []config.OriginCertificate) (same, renewed []config.OriginCertificate) {
	for _, a := range after {
		print, served := a.Served.Fingerprint()
		i := slices.IndexFunc(before, func(b config.OriginCertificate) bool { return b.Name == a.Name && b.Served.At == a.Served.At })
		if !served || i < 0 {
			continue
		}
		if old, had := before[i].Served.Fingerprint(); had && !print.Changed(old) {
			same = append(same, a)
		} else {
			renewed = append(renewed, a)
		}
	}
	return same, renewed
}
