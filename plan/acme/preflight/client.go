package preflight

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
	"github.com/dnsplan/dnsplan/plan/probe"
)

// Options are what a Client asks with.
type Options struct {
	// Lookup finds the addresses of names that the server redirects to; nil knows
	// none, and what depends on one cannot be told then.
	Lookup http01.Lookup
	// Planter returns the planter that a plan's Challenge names, or why there is
	// none. It may be nil where no plan names one.
	Planter func(ref string) (plant.Planter, error)
	// Dial makes connections; nil asks the network.
	Dial http01.DialFunc
	// Connect bounds a connection, Total all of one fetch; 0 is 5 s and 10 s.
	Connect, Total time.Duration
	// AtOnce bounds how many questions are under way at the same time; 0 is 32.
	AtOnce int
}

// Client asks. It keeps no connection and is safe for concurrent use.
type Client struct {
	opts  Options
	turns chan struct{}
}

// New returns a client. It makes no request.
func New(o Options) *Client {
	if o.Lookup == nil {
		o.Lookup = nobody{}
	}
	o.Connect = cmp.Or(o.Connect, 5*time.Second)
	o.Total = cmp.Or(o.Total, 10*time.Second)
	o.AtOnce = cmp.Or(o.AtOnce, 32)
	return &Client{o, make(chan struct{}, o.AtOnce)}
}

// Question is one new address of a name.
type Question struct {
	Name zone.Name
	Addr netip.Addr
	// Old are the addresses that the name leaves, as far as they are asked.
	Old []netip.Addr
	// Opening says that the address is shown for a while, to an ACME client that may
	// open the port itself once it is run: what is silent is no failure then.
	Opening   bool
	Challenge plan.Challenge
}

// Result is what came of one attempt.
type Result struct {
	probe.Result
	// Warning is what a person has to know although nothing failed; mostly empty.
	Warning string
}

// Ask makes one attempt. It ends within a few times Total and what the planter
// takes, waiting for its turn left aside, or with the context; the token is taken
// away again in each case.
func (c *Client) Ask(ctx context.Context, q Question) Result {
	at := netip.AddrPortFrom(q.Addr, q.Challenge.Port).String()
	r := Result{Result: probe.Result{Asked: "the challenge of " + q.Name.Display() + " at " + at}}
	select {
	case c.turns <- struct{}{}:
		defer func() { <-c.turns }()
	case <-ctx.Done():
		r.Err = ctx.Err()
		return r
	}
	t := plant.NewToken()
	if q.Challenge.Planter == "" {
		c.path(ctx, q, t, &r)
		return r
	}
	p, err := c.planter(q.Challenge.Planter)
	if err != nil {
		r.Err = err
		return r
	}
	asked := false
	err = plant.During(ctx, p, t, func(ctx context.Context) error {
		asked = true
		c.token(ctx, q, t, &r)
		return nil
	})
	switch {
	case err != nil && !asked:
		r.Err = fmt.Errorf("place a token at %s: %w", p.Place(), err)
	case err != nil && r.Good():
		r.Warning = joined(r.Warning, fmt.Sprintf("the token %s stays at %s: %v", t.Name, p.Place(), err))
	case err != nil:
		r.Err = fmt.Errorf("%w; the token %s stays at %s: %w", r.Err, t.Name, p.Place(), err)
	}
	return r
}

// joined adds a warning to another, if there is one.
func joined(before, more string) string {
	if before == "" {
		return more
	}
	return before + "; " + more
}

var errNoPlanter = errors.New("nothing here places tokens")

func (c *Client) planter(ref string) (plant.Planter, error) {
	if c.opts.Planter == nil {
		return nil, errNoPlanter
	}
	return c.opts.Planter(ref)
}

// fetch asks one address as an authority does.
func (c *Client) fetch(ctx context.Context, q Question, t plant.Token, at netip.Addr) http01.Result {
	o := http01.Options{
		Lookup: c.opts.Lookup, Dial: c.opts.Dial, ConnectTimeout: c.opts.Connect, Timeout: c.opts.Total,
		Ports: http01.Ports{HTTP: q.Challenge.Port, HTTPS: q.Challenge.HTTPSPort}, Reserved: http01.Reserved,
	}
	if q.Challenge.AllowReserved {
		o = o.ForPrivate()
	}
	return http01.New(o).Validate(ctx, http01.Request{Host: q.Name.Display(), Token: t.Name, Want: t.Body, Pin: at})
}

// nobody is a Lookup that knows no name.
type nobody struct{}

var errNobody = errors.New("no resolver is known that could be asked")

func (nobody) Lookup(context.Context, zone.Name, zone.Type) http01.Addrs {
	return http01.Addrs{Err: errNobody}
}
