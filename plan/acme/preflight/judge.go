package preflight

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
)

// path asks for a token that nobody has placed. What answers it like a web server
// passes, and the warning says that no more is known.
func (c *Client) path(ctx context.Context, q Question, t plant.Token, r *Result) {
	got := c.fetch(ctx, q, t, q.Addr)
	if untold(&got, r) {
		return
	}
	last := got.Last()
	switch {
	case !answered(&got):
		r.Err = why(&got)
		return
	case last.Status/100 == 5:
		r.Err = fmt.Errorf("answered %s, so that nothing behind it seems to serve the name", status(last))
		return
	case strings.HasPrefix(string(last.Body), t.Name+"."): // with the key of its account, as some clients do
		r.Answer = "it answers every token"
		return
	}
	r.Answer = status(last)
	r.Warning = fmt.Sprintf("%s answers HTTP (%s%s), but whether it serves the tokens of the ACME client cannot be told: say in the inventory where they are placed, by a challenge of the host or of [check]",
		r.Asked, status(last), odd(last))
}

// odd adds what is not as it should be where no token is.
func odd(last http01.Hop) string {
	switch last.Status {
	case http.StatusNotFound, http.StatusGone:
		return ""
	case http.StatusOK:
		return " to any path, as a catch-all or a parking page does"
	}
	return " to any path"
}

// token asks for a token that is in place:
//
//	new address  old addresses   result
//	answers      all answer      good
//	answers      one does not    good, with a warning
//	does not     one answers     good, with a warning: it is the bridge
//	does not     none answers    the new one's error
func (c *Client) token(ctx context.Context, q Question, t plant.Token, r *Result) {
	got := c.fetch(ctx, q, t, q.Addr)
	if untold(&got, r) || q.Opening && silent(&got, r) {
		return
	}
	well, deaf := c.old(ctx, q, t)
	if err := ctx.Err(); err != nil {
		r.Err = err
		return
	}
	switch {
	case got.Verdict != http01.Valid && len(well) == 0:
		r.Err = why(&got)
	case got.Verdict != http01.Valid:
		r.Answer = "the old address answers"
		r.Warning = fmt.Sprintf("%s: %v; the old address %s passes it on, which helps until caches have forgotten that one, and no longer", r.Asked, why(&got), well[0])
	case len(deaf) > 0:
		r.Answer = "the token"
		r.Warning = fmt.Sprintf("the old address %s does not pass the challenge of %s on to %s: an authority that still holds the old answer finds nothing there", deaf[0], q.Name.Display(), q.Addr)
	default:
		r.Answer = "the token"
	}
}

// mostOld is how many old addresses are asked: one after the other, each may take
// as long as the new one.
const mostOld = 4

// old asks the old addresses, and tells those that answer with the token from
// those that do not. What cannot be asked from here is neither.
func (c *Client) old(ctx context.Context, q Question, t plant.Token) (well, deaf []netip.Addr) {
	for _, a := range q.Old[:min(len(q.Old), mostOld)] {
		switch got := c.fetch(ctx, q, t, a); {
		case got.Verdict == http01.Valid:
			well = append(well, a)
		case !untold(&got, &Result{}):
			deaf = append(deaf, a)
		}
	}
	return well, deaf
}

// untold tells whether what was fetched says nothing of what an authority would
// find, and why, in r.
func untold(got *http01.Result, r *Result) bool {
	if got.Err == nil {
		return false
	}
	last := got.Last()
	switch got.Err.Kind {
	case http01.Cancelled:
		r.Err = got.Err.Cause
	case http01.NoRoute:
		r.Unroutable, r.Answer = true, "this machine has no route to it"
		r.Err = errors.New(r.Answer)
	case http01.LookupFailed:
		if !got.Unresolved() {
			return false
		}
		r.Answer = "it redirects"
		r.Warning = fmt.Sprintf("%s: it redirects to %s, and no [[verify.resolver]] tells where that leads (%v): what an authority finds there cannot be told", r.Asked, last.Host, got.Err.Cause)
	default:
		return false
	}
	return true
}

// silent tells whether nobody answers at the address itself, and says so in r.
func silent(got *http01.Result, r *Result) bool {
	if got.Err == nil || len(got.Hops) > 1 {
		return false
	}
	switch got.Err.Kind {
	case http01.ConnectRefused, http01.ConnectTimeout, http01.HostUnreachable, http01.AnswerTimeout:
	default:
		return false
	}
	r.Answer = "nothing yet"
	r.Warning = fmt.Sprintf("%s: %v: right if the command opens the port itself, as certbot --standalone does, or if this machine is behind a NAT that does not turn back (hairpin)", r.Asked, why(got))
	return true
}

// answered tells whether the last server has answered, and not by a redirect that
// no authority follows.
func answered(got *http01.Result) bool {
	if got.Err == nil {
		return true
	}
	switch got.Err.Kind {
	case http01.Status, http01.WrongBody, http01.BodyTooLong:
		return true
	}
	return false
}

// why is the error of a fetch, with the URL where a redirect led to it.
func why(got *http01.Result) error {
	if len(got.Hops) > 1 {
		return fmt.Errorf("redirected to %s: %w", got.Last().URL, got.Err.Cause)
	}
	return got.Err.Cause
}

// status reads "404 Not Found".
func status(h http01.Hop) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", h.Status, http.StatusText(h.Status)))
}
