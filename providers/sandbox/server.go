package sandbox

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"
)

// Handler answers one question. The query has exactly one question, in class
// IN, and a sane EDNS version; an OPT record in the reply only carries options,
// the server writes its own. nil is silence. ctx ends when the server closes.
// A handler is called concurrently.
type Handler func(ctx context.Context, query *dns.Msg) *dns.Msg

// Faults make a server misbehave, for tests. The zero value is a good server.
type Faults struct {
	// Silent drops every query.
	Silent bool
	// ServFail answers every query with SERVFAIL.
	ServFail bool
	// Garbage answers every query with bytes that have its id, but are no
	// DNS message.
	Garbage bool
}

// Server is a DNS server on loopback, over UDP and TCP on one port: 127.0.0.1,
// and ::1 where the machine has it. It is safe for concurrent use.
type Server struct {
	name    string
	addrs   []netip.AddrPort
	handler Handler
	faults  atomic.Pointer[Faults]
	watch   atomic.Pointer[func(dns.Question)]
	stop    func() error
}

// Serve starts a server over any handler. It runs until Close, also after ctx
// has ended: whatever cleans up after a cancel still asks it. When Serve
// returns without an error, the ports answer.
func Serve(ctx context.Context, name string, h Handler) (*Server, error) {
	sockets, err := listen(ctx)
	if err != nil {
		return nil, fmt.Errorf("start server %s: %w", name, err)
	}
	s := &Server{name: name, handler: h}
	s.faults.Store(&Faults{})
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var group errgroup.Group
	var running []*dns.Server
	for _, sock := range sockets {
		s.addrs = append(s.addrs, sock.addr)
		for _, srv := range sock.servers() {
			srv.Handler = dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) { s.serve(run, w, q) })
			start(&group, srv)
			running = append(running, srv)
		}
	}
	s.stop = sync.OnceValue(func() error {
		cancel()
		return shutdown(context.WithoutCancel(ctx), running, &group)
	})
	return s, nil
}

// start runs srv in the group and returns once it reads from its socket, or
// has ended; the group holds the error then.
func start(group *errgroup.Group, srv *dns.Server) {
	started := make(chan struct{})
	closeOnce := sync.OnceFunc(func() { close(started) })
	srv.NotifyStartedFunc = closeOnce
	group.Go(func() error {
		defer closeOnce()
		return srv.ActivateAndServe()
	})
	<-started
}

// shutdown ends all servers and waits for their goroutines. A handler ends with
// its context and a write with its deadline, so the wait is bounded.
func shutdown(ctx context.Context, running []*dns.Server, group *errgroup.Group) error {
	for _, srv := range running {
		if err := srv.ShutdownContext(ctx); err != nil {
			continue // it has ended before; the group knows why
		}
	}
	return group.Wait()
}

// Name returns the name that the server was started with.
func (s *Server) Name() string { return s.name }

// Addrs returns the server's addresses, IPv4 first.
func (s *Server) Addrs() []netip.AddrPort { return slices.Clone(s.addrs) }

// Addr returns the server's IPv4 address.
func (s *Server) Addr() netip.AddrPort { return s.addrs[0] }

// SetFaults changes how the server misbehaves, from the next query on.
func (s *Server) SetFaults(f Faults) { s.faults.Store(&f) }

// Watch has f called, concurrently, with each question that the server reads,
// also with those that it stays silent to. nil ends it.
func (s *Server) Watch(f func(dns.Question)) {
	if f == nil {
		s.watch.Store(nil)
		return
	}
	s.watch.Store(&f)
}

// Close stops the server and returns when nothing of it runs any more. It may
// be called more than once.
func (s *Server) Close() error {
	if err := s.stop(); err != nil {
		return fmt.Errorf("close server %s: %w", s.name, err)
	}
	return nil
}
