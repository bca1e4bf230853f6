package vantage

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/program"
)

// Validator fetches a challenge as an authority does; *http01.Validator is one.
type Validator interface {
	Validate(ctx context.Context, q http01.Request) http01.Result
}

// AgentOptions are what an Agent needs. Validator and Now must be set.
type AgentOptions struct {
	// Name is what the agent calls itself in replies; empty leaves it out.
	Name string
	// Validator fetches. It has to drop reserved addresses where Reserved does.
	Validator Validator
	// Reserved tells which addresses a request may not name; nil lets all be.
	Reserved func(netip.Addr) bool
	// Port is the challenge's own; 0 is 80.
	Port uint16
	// Now tells when something was fetched.
	Now func() time.Time
}

// Agent is the other end of a Probe: it carries out requests from where it runs.
// It is safe for concurrent use.
type Agent struct{ opts AgentOptions }

// NewAgent returns an Agent. It fetches nothing.
func NewAgent(o AgentOptions) *Agent {
	if o.Port == 0 {
		o.Port = 80
	}
	return &Agent{o}
}

// Exchange reads one request from in and writes one reply to out. What is wrong
// with a request is in the reply; the error is that of out, or of in.
func (a *Agent) Exchange(ctx context.Context, in io.Reader, out io.Writer) error {
	var v Reply
	if r, err := readRequest(in); err != nil {
		v = a.refusal(err)
	} else {
		v = a.Answer(ctx, r)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write the reply: %w", err)
	}
	if _, err := out.Write(append(ascii(text), '\n')); err != nil {
		return fmt.Errorf("write the reply: %w", err)
	}
	return nil
}

// ascii is a JSON text with all else escaped, so that what a server has said acts on
// no terminal that a reply is shown at. It means the same (RFC 8259, section 7).
func ascii(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for _, r := range string(text) {
		if ' ' <= r && r < 0x7f {
			out = append(out, byte(r))
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			out = fmt.Appendf(out, `\u%04x`, unit)
		}
	}
	return out
}

// Answer carries out one request. It ends with the context, or with the
// request's time-out.
func (a *Agent) Answer(ctx context.Context, r Request) Reply {
	t, err := r.target(a.opts.Port)
	if err == nil && r.Address.IsValid() && a.opts.Reserved != nil && a.opts.Reserved(r.Address.Unmap()) {
		err = fmt.Errorf("address %s is reserved, and no authority connects to it", r.Address)
	}
	if err != nil {
		return a.refusal(err)
	}
	limit := longest
	if r.Timeout > 0 {
		limit = min(limit, time.Duration(r.Timeout)*time.Second)
	}
	ctx, stop := context.WithTimeoutCause(ctx, limit, slowError(limit))
	defer stop()
	found := a.opts.Validator.Validate(ctx, http01.Request{Host: t.host, Token: t.token, Want: r.Expect, Pin: r.Address})
	return a.reply(found, r)
}

// refusal is the reply to a request that is not carried out.
func (a *Agent) refusal(err error) Reply {
	return Reply{Version: Version, Vantage: a.opts.Name, At: a.now(), Error: &Failure{Kind: KindRefused, Detail: err.Error()}}
}

func (a *Agent) now() time.Time { return a.opts.Now().UTC().Truncate(time.Millisecond) }

// reply says what was found. A request that expects nothing is content with any
// body.
func (a *Agent) reply(found http01.Result, r Request) Reply {
	last := found.Last()
	v := Reply{
		Version: Version, Vantage: a.opts.Name, At: a.now(),
		Status: last.Status, Body: clip(string(last.Body), MaxBody), Address: last.Used, Header: map[string]string{},
	}
	for i, h := range found.Hops {
		v.URLs = append(v.URLs, program.Plain(h.URL))
		if i == 0 {
			v.Addresses = h.Resolved
		}
	}
	for _, name := range slices.Sorted(maps.Keys(last.Header)) {
		v.Header[name] = program.Plain(strings.Join(last.Header[name], ", "))
	}
	failed := found.Err
	if r.Expect == "" && failed != nil && (failed.Kind == http01.WrongBody || failed.Kind == http01.BodyTooLong) {
		failed = nil
	}
	v.OK = failed == nil
	if failed != nil {
		v.Error = &Failure{Kind(failed.Kind), string(found.Verdict), program.Plain(failed.Error())}
	}
	if found.Unresolved() {
		v.Error.Kind, v.Error.Problem = KindNoResolver, ""
	}
	return v
}
