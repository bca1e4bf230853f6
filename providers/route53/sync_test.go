package route53_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/route53"
	"github.com/dnsplan/dnsplan/providers/route53/route53test"
)

// A wait polls each change of a receipt until it is in sync, throttled or not.
func TestWaitInSync(t *testing.T) {
	s, _ := account(t)
	s.Pending(3)
	p := fast(t, s)
	var changes []providers.Change
	for _, n := range []string{"a", "b"} {
		for i := range 300 {
			changes = append(changes, change("", n+strings.Repeat("x", i%50)+"."+n+strings.Repeat("y", i/50)+" 60 A 192.0.2.1"))
		}
	}
	r := write(t, p, changes...)
	if r.ID != "C000001,C000002" {
		t.Fatalf("receipt %+v", r)
	}
	s.Throttle("GetChange", 7) // one try more than a request makes
	if err := p.WaitInSync(t.Context(), org, r); err != nil {
		t.Error(err)
	}
	if n := s.Count("GetChange"); n != 7+2*4 {
		t.Errorf("%d polls, want 7 that are throttled and 4 for each batch", n)
	}
	s.Forget()
	if err := p.WaitInSync(t.Context(), org, providers.Receipt{}); err != nil || len(s.Log()) != 0 {
		t.Errorf("a write that changed nothing: %v, %v", err, s.Log())
	}
}

func TestWaitInSyncEnds(t *testing.T) {
	s, _ := account(t)
	s.Pending(1 << 30)
	p := fast(t, s, func(c *route53.Config) { c.Poll = time.Hour })
	r := write(t, p, change("", "www 60 A 192.0.2.1"))
	ctx, cancel := context.WithCancel(t.Context())
	s.Inject(func(_ http.ResponseWriter, c route53test.Call) bool {
		if c.Action == "GetChange" {
			cancel()
		}
		return false
	})
	if err := p.WaitInSync(ctx, org, r); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	p = fast(t, s)
	if err := p.WaitInSync(t.Context(), org, providers.Receipt{ID: "CGONE"}); err == nil || !strings.Contains(err.Error(), "NoSuchChange") {
		t.Errorf("a change of nobody: %v", err)
	}
	s.Deny("GetChange")
	if wrong := wrongErr(p.WaitInSync(t.Context(), org, r), providers.ErrCredentials, "route53:GetChange on arn:aws:route53:::change/*"); wrong != "" {
		t.Error(wrong)
	}
}
