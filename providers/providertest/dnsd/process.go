package dnsd

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// errClash is a port that someone else took between picking and binding it.
var errClash = errors.New("address in use")

// process is a child and the news of its end.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it was reaped
}

// kill ends the child by its pid and reaps it.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

func spawn(cmd *exec.Cmd, log string) (*process, error) {
	f, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	cmd.Stdout, cmd.Stderr = f, f
	dieWithParent(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		_ = cmd.Wait()
	}()
	return p, nil
}

// run starts s for the first time, on another port after a clash, and has it
// ended with the test.
func (s *Server) run() *Server {
	s.tb.Helper()
	s.dir = s.tb.TempDir()
	s.tb.Cleanup(func() {
		s.Stop()
		if s.tb.Failed() {
			s.tb.Logf("log of %s on %v:\n%s", s.program, s.Addr, s.Log())
		}
	})
	err := s.start(func() {
		s.Addr = s.listen
		if s.listen.Port() == 0 {
			s.Addr = freeAddr(s.tb, s.listen.Addr())
		}
	})
	if err != nil {
		s.tb.Fatalf("start %s on %v: %v", s.program, s.Addr, err)
	}
	return s
}

// start launches s, some times where its address, which pick sets, is in use: a
// client's socket, which may have any port, goes soon.
func (s *Server) start(pick func()) error {
	for attempt := 1; ; attempt++ {
		pick()
		if err := s.launch(); !errors.Is(err, errClash) || attempt == 5 {
			return err
		}
	}
}

// launch writes nothing but the log; command writes the configuration.
func (s *Server) launch() error {
	s.id = fmt.Sprintf("dnsd-%d-%d", os.Getpid(), s.Addr.Port())
	before := len(s.Log())
	proc, err := spawn(s.command(s), s.logFile())
	if err != nil {
		return err
	}
	s.proc = proc
	if err := s.waitReady(before); err != nil {
		s.Stop()
		return err
	}
	return nil
}

func (s *Server) logFile() string { return filepath.Join(s.dir, "log") }

// waitReady returns when this very server answers and holds its zones. The
// identity tells it from a stranger on the same port.
func (s *Server) waitReady(logOffset int) error {
	deadline := time.Now().Add(Patience)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for time.Now().Before(deadline) {
		if s.ready() {
			return nil
		}
		if news := s.Log()[logOffset:]; strings.Contains(news, "address in use") || strings.Contains(news, "ddress already in use") {
			return errClash
		}
		select {
		case <-s.proc.done:
			return errors.New("it ended at once; its log follows")
		case <-s.tb.Context().Done():
			return s.tb.Context().Err()
		case <-tick.C:
		}
	}
	return errors.New("no answer in time; its log follows")
}

func (s *Server) ready() bool {
	ask := &dns.Msg{Question: []dns.Question{{Name: "id.server.", Qtype: dns.TypeTXT, Qclass: dns.ClassCHAOS}}}
	ask.Id = dns.Id()
	in, err := s.exchange(ask)
	if err != nil || len(in.Answer) != 1 || !strings.Contains(in.Answer[0].String(), s.id) {
		return false
	}
	for _, z := range s.zones {
		in, err := s.tryQuery(dns.TypeSOA, z, false)
		if err != nil || in.Rcode != dns.RcodeSuccess || !in.Authoritative {
			return false
		}
	}
	return s.apiAnswers()
}

// Reserve picks an address on 127.0.0.1 whose port is free on UDP and TCP. It
// is not held: start the server that listens there soon.
func Reserve(tb testing.TB) netip.AddrPort {
	tb.Helper()
	return freeAddr(tb, loopback())
}

func loopback() netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, 1}) }

// freeAddr finds a port that is free for both protocols.
func freeAddr(tb testing.TB, ip netip.Addr) netip.AddrPort {
	tb.Helper()
	if !ip.IsValid() {
		ip = loopback()
	}
	for range 50 {
		l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip, 0)))
		if err != nil {
			tb.Fatalf("no free port on %v: %v", ip, err)
		}
		addr := l.Addr().(*net.TCPAddr).AddrPort()
		addr = netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
		u, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
		_ = l.Close()
		if err == nil {
			_ = u.Close()
			return addr
		}
	}
	tb.Fatalf("no port on %v is free on both UDP and TCP", ip)
	return netip.AddrPort{}
}

// Eventually polls until cond holds and fails the test when it does not within
// Patience. what says what was waited for.
func Eventually(tb testing.TB, what string, cond func() bool) {
	tb.Helper()
	deadline := time.Now().Add(Patience)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !cond() {
		if time.Now().After(deadline) {
			tb.Fatalf("waited %v in vain: %s", Patience, what)
		}
		select {
		case <-tb.Context().Done():
			tb.Fatalf("the test ended while waiting: %s", what)
		case <-tick.C:
		}
	}
}
