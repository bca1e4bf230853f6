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

// compare warns of origins that serve the certificate of before, although the
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
		if same = unchanged(w.before, after); len(same) == 0 {
			return
		}
	}
	for _, s := range same {
		w.notices.line(fmt.Sprintf("warning: %s serves the certificate of before for %s: nothing was issued, or the server has not loaded it", s.Served.At, s.Name.Display()))
	}
}

// unchanged are the certificates that were served before.
func unchanged(before, after []config.OriginCertificate) (out []config.OriginCertificate) {
	for _, a := range after {
		print, served := a.Served.Fingerprint()
		i := slices.IndexFunc(before, func(b config.OriginCertificate) bool { return b.Name == a.Name && b.Served.At == a.Served.At })
		if !served || i < 0 {
			continue
		}
		if old, had := before[i].Served.Fingerprint(); had && !print.Changed(old) {
			out = append(out, a)
		}
	}
	return out
}
