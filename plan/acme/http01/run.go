package http01

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// run is one validation under way, in one goroutine.
type run struct {
	v       *Validator
	request Request
	host    string // of the request, as URLs have it
	began   time.Time
	hops    []Hop
}

// end makes the Result.
func (r *run) end(failed *Error) Result {
	return Result{Verdict: failed.verdict(), Err: failed, Hops: r.hops, Elapsed: r.v.opts.Now().Sub(r.began)}
}

// follow fetches u and what it redirects to, and judges the last answer.
func (r *run) follow(ctx context.Context, u *url.URL) *Error {
	var fetched []string
	referer := ""
	for {
		fetched = append(fetched, u.String())
		h, failed := r.fetch(ctx, u, referer, len(fetched) == 1)
		r.hops = append(r.hops, h)
		if failed != nil {
			return failed
		}
		if !redirects(h.Status) || h.Location == "" {
			return r.judgeBody(&h)
		}
		to, refused := r.v.opts.judge(u, h.Status, h.Location, fetched)
		if refused != nil {
			refused.URL, refused.Addr, refused.Code, refused.Location = h.URL, h.Used, h.Status, h.Location
			return refused
		}
		referer = refererOf(u, to)
		u = to
	}
}

// refererOf is the header that clients send behind a redirect (RFC 9110, section
// 10.1.3).
func refererOf(from, to *url.URL) string {
	if from.Scheme == "https" && to.Scheme == "http" {
		return ""
	}
	plain := *from
	plain.User, plain.Fragment, plain.RawFragment = nil, "", ""
	return plain.String()
}

// judgeBody judges the answer that is no redirect.
func (r *run) judgeBody(h *Hop) *Error {
	switch {
	case h.Status != http.StatusOK:
		return h.refused()
	case len(h.Body) >= MaxBody:
		return h.fails(BodyTooLong, errTooLong)
	}
	body := strings.TrimRightFunc(string(h.Body), unicode.IsSpace)
	if body != r.request.Want {
		return h.fails(WrongBody, differs(body, r.request.Want))
	}
	return nil
}

// fetch is one hop: the addresses, a connection to one of them, the answer.
// Only the first hop has a second address to turn to.
func (r *run) fetch(ctx context.Context, u *url.URL, referer string, first bool) (Hop, *Error) {
	o := &r.v.opts
	port, _ := o.port(u) // judged before
	h := Hop{URL: shown(u), Host: u.Hostname(), Port: port, At: o.Now()}
	failed := r.resolve(ctx, &h)
	h.Lookup = o.Now().Sub(h.At)
	if failed != nil {
		return h, failed
	}
	began := o.Now()
	conn, failed := r.connect(ctx, &h, first)
	if failed == nil && u.Scheme == "https" {
		conn, failed = r.secure(ctx, &h, conn)
	}
	h.Connect = o.Now().Sub(began)
	if failed != nil {
		return h, failed
	}
	defer conn.Close()
	began = o.Now()
	failed = r.ask(ctx, &h, conn, u, referer)
	h.Answer = o.Now().Sub(began)
	return h, failed
}

// Why there is nothing to connect to.
var (
	errNoAddress = errors.New("no address")
	errReserved  = errors.New("reserved addresses only")
	errNoLookup  = errors.New("nothing is set to look names up with")
)

// resolve finds the addresses of the hop's host.
func (r *run) resolve(ctx context.Context, h *Hop) *Error {
	var found []netip.Addr
	literal, err := netip.ParseAddr(h.Host)
	switch {
	case r.request.Pin.IsValid() && h.Host == r.host:
		h.Pinned, found = true, []netip.Addr{r.request.Pin.Unmap()}
	case err == nil:
		found = []netip.Addr{literal.Unmap()}
	default:
		if found, err = r.lookUp(ctx, h); err != nil {
			return h.fails(LookupFailed, err)
		}
	}
	for _, a := range found {
		if r.v.opts.Reserved(a) {
			h.Dropped = append(h.Dropped, a)
		} else {
			h.Resolved = append(h.Resolved, a)
		}
	}
	switch {
	case len(h.Resolved) > 0:
		return nil
	case h.AAAA.Err != nil || h.A.Err != nil:
		return h.fails(LookupFailed, errors.Join(h.AAAA.Err, h.A.Err))
	case len(h.Dropped) > 0:
		return h.fails(NoAddress, errReserved)
	}
	return h.fails(NoAddress, errNoAddress)
}

// lookUp asks for both families at once. Addresses of one are enough.
func (r *run) lookUp(ctx context.Context, h *Hop) ([]netip.Addr, error) {
	name, err := zone.ParseName(h.Host)
	if err != nil {
		return nil, err
	}
	if r.v.opts.Lookup == nil {
		return nil, errNoLookup
	}
	var both sync.WaitGroup
	both.Go(func() { h.AAAA = r.v.opts.Lookup.Lookup(ctx, name, zone.AAAA) })
	both.Go(func() { h.A = r.v.opts.Lookup.Lookup(ctx, name, zone.A) })
	both.Wait()
	var out []netip.Addr
	for _, family := range []Addrs{h.AAAA, h.A} {
		if family.Err == nil {
			out = append(out, family.Addrs...)
		}
	}
	return out, nil
}
