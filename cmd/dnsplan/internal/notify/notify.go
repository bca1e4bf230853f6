// Package notify tells people elsewhere what has happened: through a chat, mail,
// a pager or a web hook, each of which a shoutrrr URL names.
//
//	for _, err := range notify.Send(ctx, []notify.Target{{Name: "notify[0]", URL: url}}, "run 01K5 holds") {
//		// a warning: err shows nothing of the URL
//	}
//
// The URLs hold secrets. Nothing of one is in an error, whatever the service or
// the network said of it.
package notify

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"github.com/dnsplan/dnsplan/providers/transport"
)

// Limit is how long a Send takes at most.
const Limit = 10 * time.Second

// errTimeout is a service that did not answer within the Limit.
var errTimeout = fmt.Errorf("no answer within %s", Limit)

// Target is where a message goes.
type Target struct {
	// Name stands for the URL in errors.
	Name string
	// URL is shoutrrr's: https://shoutrrr.nickfedor.com/latest/services/overview/.
	URL string
}

// Send sends the message to all targets at the same time and returns what went
// wrong, in their order. It returns within the Limit, and as soon as ctx ends. A
// service that has not answered by then is left alone, because the library takes
// no context: what waits for it ends with the service's own time-out, with the
// connection, or with transport.HeaderTimeout.
func Send(ctx context.Context, targets []Target, message string) []error {
	ctx, stop := context.WithTimeoutCause(ctx, Limit, errTimeout)
	defer stop()
	errs := make([]error, len(targets))
	var wg sync.WaitGroup
	for i, t := range targets {
		wg.Go(func() { errs[i] = t.send(ctx, message) })
	}
	wg.Wait()
	var out []error
	for _, err := range errs {
		if err != nil {
			out = append(out, err)
		}
	}
	return out
}

func (t Target) send(ctx context.Context, message string) error {
	sent := make(chan error, 1) // also where nobody waits for it any more
	go func() { sent <- post(t.URL, message) }()
	select {
	case err := <-sent:
		return t.hide(err)
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", t.Name, context.Cause(ctx))
	}
}

// post sends the message; a panic of the library is no end of a run. It is not the
// library's router that sends: behind a time-out of its own, the goroutine that it
// has sending stays for good.
func post(address, message string) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = errors.New("the service cannot be used with this URL")
		}
	}()
	service, err := (&router.ServiceRouter{}).Locate(address)
	if err != nil {
		return err
	}
	return service.Send(message, &types.Params{})
}

// hide takes the URL, and whatever of it could be secret, out of an error.
func (t Target) hide(err error) error {
	if err == nil {
		return nil
	}
	chain := transport.New(transport.Options{Name: t.Name, Secrets: secrets(t.URL)})
	return fmt.Errorf("%s: %w", t.Name, chain.Redact(errors.New(oneLine(err.Error()))))
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// word is what a part of a URL is made of; services put parts together anew.
var word = regexp.MustCompile(`[A-Za-z0-9]{8,}`)

// secrets are a URL and all its parts but the scheme: each service keeps its
// token in another place.
func secrets(address string) []string {
	out := []string{address}
	_, rest, _ := strings.Cut(address, ":")
	rest = strings.TrimLeft(rest, "/")
	out = append(out, rest)
	for _, part := range strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune("/?&=#@:", r) }) {
		out = append(out, part)
		if plain, err := url.QueryUnescape(part); err == nil {
			out = append(out, plain)
		}
	}
	out = append(out, word.FindAllString(rest, -1)...)
	long := out[:0]
	for _, s := range out {
		if len(s) >= shortest {
			long = append(long, s)
		}
	}
	return long
}

// shortest is the least length of a part that is hidden: a port, a flag or "api"
// is none.
const shortest = 4
