package acme

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
)

// connections are how often one address is asked; see Options.Connections. A few are
// enough where H-LB is not made, and another check is not to go by luck.
const (
	connections = 12
	few         = 4
)

// togetherAt is how many connections to one address are under way.
const togetherAt = 4

// balance is what many connections to one address have met.
type balance struct {
	target
	// why tells why there were none, where there were none.
	why     string
	because ID // the check that is the cause of that; mostly empty
	// asks counts those that tell something, good those that brought the token.
	asks, good int
	// sources is from how many local addresses was asked.
	sources int
	// varieties are the kinds of answers, the first met first.
	varieties []variety
	// all are the answers that tell something.
	all []heard
}

// heard is what was answered to one of this machine's addresses; the zero Addr is one
// that is not known.
type heard struct {
	fetched
	to netip.Addr
}

// variety is one kind of answer.
type variety struct {
	// says is for people, head tells the kind without the body.
	says, head string
	count      int
}

// challenged is what each address has answered when it was asked once for the
// challenge: for the token where one is in place, and else for one that nobody has
// placed.
func (e *examination) challenged(ctx context.Context) ([]fetched, plant.Token) {
	if all, p, ok := e.tokens(ctx); ok {
		return all, p.token
	}
	return e.plain(ctx), e.unplaced()
}

// mixed is what several connections to an address have met, f among them; ok tells
// whether they were not all answered alike, so that what one of them meets is luck.
// Where H-LB is not made, an address that has not answered is not asked again.
func (e *examination) mixed(ctx context.Context, f fetched) (b balance, ok bool) {
	if !answered(f) && !e.selection.Has("H-LB") {
		return balance{}, false
	}
	_, token := e.challenged(ctx)
	if b = e.balance(ctx, f, token); b.asks == 0 {
		return b, false
	}
	b.varieties, b.all = slices.Clone(b.varieties), slices.Clone(b.all)
	own, _ := e.opts.Local(f.addr)
	b.count(heard{f, own}, "")
	if e.placed(ctx) {
		return b, b.good > 0 && b.good < b.asks
	}
	return b, b.kinds() > 1
}

// balances asks each address often, over fresh connections. Addresses that did not
// answer at all when they were asked once are left alone.
func (e *examination) balances(ctx context.Context) (out []balance) {
	once, token := e.challenged(ctx)
	for _, f := range decisive(once) {
		out = append(out, e.balance(ctx, f, token))
	}
	return out
}

func (e *examination) balance(ctx context.Context, f fetched, t plant.Token) balance {
	return e.name.balanced.get(f.addr, func() balance { return e.connectOften(ctx, f, t) })
}

func (e *examination) connectOften(ctx context.Context, f fetched, t plant.Token) balance {
	b := balance{target: f.target}
	if why := e.doubt(f); why != "" {
		b.why, b.because = why, e.cause(f)
		return b
	}
	if e.mute(f) {
		b.why, b.because = "it does not answer: "+reason(f.Err), e.cause(f)
		return b
	}
	times := e.opts.Connections
	if !e.selection.Has("H-LB") {
		times = min(few, times)
	}
	from := e.opts.Sources(f.addr)
	b.sources = max(1, min(len(from), times))
	requests := slices.Repeat([]http01.Request{{Host: e.subject.Name.Display(), Token: t.Name, Want: t.Body, Pin: f.addr}}, times)
	for i := range requests {
		if len(from) > 0 {
			requests[i].Source = from[i%len(from)]
		}
	}
	v := e.validator(ctx, "")
	results := ofEach(requests, togetherAt, func(r http01.Request) heard {
		out, from := connectAnyhow(ctx, v, r)
		return heard{fetched{f.target, out}, from}
	})
	for _, one := range results {
		b.count(one, e.doubt(one.fetched))
	}
	return b
}

// connectAnyhow asks from the machine's own choice of address where there is no
// way from the one that was to be; from is the one that was.
func connectAnyhow(ctx context.Context, v *http01.Validator, r http01.Request) (out http01.Result, from netip.Addr) {
	out = v.Validate(ctx, r)
	if out.Err == nil || !r.Source.IsValid() {
		return out, r.Source
	}
	switch out.Err.Kind {
	case http01.NoRoute, http01.ConnectTimeout, http01.HostUnreachable, http01.ConnectFailed:
		r.Source = netip.Addr{}
		return v.Validate(ctx, r), r.Source
	}
	return out, r.Source
}

// count adds one answer, unless it tells nothing, for which doubt says why.
func (b *balance) count(f heard, doubt string) {
	if doubt != "" {
		if b.asks == 0 && len(b.varieties) == 0 {
			b.why = doubt
		}
		return
	}
	b.all = append(b.all, f)
	b.why = ""
	b.asks++
	says, head := "the token", ""
	if f.Verdict == http01.Valid {
		b.good++
		if s := f.Last().Header.Get("Server"); s != "" {
			says += " (" + clipped(s) + ")"
		}
	} else {
		says, head = kindOf(f.fetched)
	}
	i := slices.IndexFunc(b.varieties, func(v variety) bool { return v.says == says })
	if i < 0 {
		i, b.varieties = len(b.varieties), append(b.varieties, variety{says: says, head: head})
	}
	b.varieties[i].count++
}

// kindOf tells one backend's answer from another's: by status, Server and body.
func kindOf(f fetched) (says, head string) {
	last := f.Last()
	if last.Status == 0 {
		return reason(f.Err), reason(f.Err)
	}
	head = status(last)
	sum := sha256.Sum256(last.Body)
	return fmt.Sprintf("%s, body %x", head, sum[:4]), head
}

// kinds is how many kinds of answers there were. Where each body is another, as
// with the number of the request in it, bodies do not count.
func (b balance) kinds() int {
	if len(b.varieties) < b.asks || b.asks < 2 {
		return len(b.varieties)
	}
	heads := map[string]bool{}
	for _, v := range b.varieties {
		heads[v.head] = true
	}
	return len(heads)
}

// from says from how many local addresses was asked.
func (b balance) from() string {
	if b.sources > 1 {
		return fmt.Sprintf("%d addresses of this machine", b.sources)
	}
	return "one address of this machine, which a load balancer that goes by the source sends to one server"
}

// asked is one line for each kind of answer.
func (b balance) asked(e *examination) (out []Asked) {
	for _, v := range b.varieties {
		out = append(out, Asked{Who: fmt.Sprintf("%d of %d connections to %s", v.count, b.asks, e.at(b.addr)), Said: v.says})
	}
	return out
}
