package plant

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// Listen returns a planter that serves tokens itself at the address, for a
// machine without a web server. It listens while there are tokens, and serves
// them and nothing else, under any name; tokens of one planter share a listener.
func Listen(at netip.AddrPort) Planter { return &listener{at: at} }

type listener struct {
	at netip.AddrPort

	mu     sync.Mutex
	bodies map[string]string // path -> body
	stop   func()            // nil where nothing listens
}

func (l *listener) Place() Place { return Place{Listen: l.at} }

func (l *listener) Plant(ctx context.Context, t Token) (func(context.Context) error, error) {
	if err := errors.Join(t.valid(), ctx.Err()); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, taken := l.bodies[t.Path()]; taken {
		return nil, fmt.Errorf("place token with %s: %q is there already", l.Place(), t.Name)
	}
	if l.stop == nil {
		if err := l.start(ctx); err != nil {
			return nil, fmt.Errorf("place token with %s: %w", l.Place(), err)
		}
	}
	l.bodies[t.Path()] = t.Body
	return func(context.Context) error {
		l.remove(t)
		return nil
	}, nil
}

// start listens and serves until stop is called, which waits for the end of it.
func (l *listener) start(ctx context.Context) error {
	socket, err := (&net.ListenConfig{}).Listen(ctx, "tcp", l.at.String())
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w: a web server is there, so give the challenge its webroot", err)
	case err != nil:
		return err
	}
	const patience = 10 * time.Second
	server := &http.Server{
		Handler:           http.HandlerFunc(l.serve),
		ReadHeaderTimeout: patience, WriteTimeout: patience, IdleTimeout: patience,
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(socket) // until it is closed
	}()
	l.bodies = map[string]string{}
	l.stop = func() {
		_ = server.Close()
		<-ended
	}
	return nil
}

func (l *listener) serve(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	body, ok := l.bodies[r.URL.Path]
	l.mu.Unlock()
	if !ok || !strings.HasPrefix(r.URL.Path, http01.Path) {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, body)
}

func (l *listener) remove(t Token) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bodies[t.Path()] != t.Body {
		return // it is gone, and its name may be another's by now
	}
	delete(l.bodies, t.Path())
	if len(l.bodies) == 0 && l.stop != nil {
		l.stop()
		l.stop = nil
	}
}
