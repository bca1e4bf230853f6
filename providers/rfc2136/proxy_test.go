package rfc2136_test

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
	"github.com/dnsplan/dnsplan/providers/rfc2136"
)

func configFor(addr netip.AddrPort) rfc2136.Config {
	k := dnsd.TestKey()
	return rfc2136.Config{
		Server: addr.String(), TSIGName: k.Name, TSIGAlgorithm: k.Algorithm, TSIGSecret: k.Secret, Timeout: dnsd.Patience,
	}
}

// listen serves each connection with f until the test ends.
func listen(t testing.TB, f func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				f(c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return l.Addr().(*net.TCPAddr).AddrPort()
}

func readFrame(c io.Reader) ([]byte, error) {
	var n [2]byte
	if _, err := io.ReadFull(c, n[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint16(n[:]))
	_, err := io.ReadFull(c, b)
	return b, err
}

func writeFrame(c io.Writer, b []byte) {
	_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...))
}

// silent is a server that takes questions and never answers.
type silent struct {
	addr  netip.AddrPort
	asked chan struct{}
}

func silentServer(t testing.TB) silent {
	s := silent{asked: make(chan struct{}, 100)}
	s.addr = listen(t, func(c net.Conn) {
		for {
			if _, err := readFrame(c); err != nil {
				return
			}
			s.asked <- struct{}{}
		}
	})
	return s
}

// opcode of a message; 5 is UPDATE (RFC 2136, section 1.3).
func isUpdate(b []byte) bool { return b[2]>>3&0xf == 5 }

// proxy stands before a real server and handles the replies to updates.
type proxy struct {
	target netip.AddrPort
	// reply gets the number of the update, from 1, and the server's reply,
	// and returns what to pass on; nil hangs up.
	reply func(n int, b []byte) []byte
	// before is called before an update goes to the server, when set.
	before func(n int)

	mu      sync.Mutex
	updates int
}

func (p *proxy) start(t testing.TB) netip.AddrPort {
	return listen(t, func(client net.Conn) {
		server, err := net.Dial("tcp", p.target.String())
		if err != nil {
			return
		}
		defer server.Close()
		var wg sync.WaitGroup
		defer wg.Wait()
		updates := make(chan int, 100)
		wg.Go(func() { // replies
			defer client.Close()
			for {
				b, err := readFrame(server)
				if err != nil {
					return
				}
				if isUpdate(b) && p.reply != nil {
					if b = p.reply(<-updates, b); b == nil {
						return
					}
				}
				writeFrame(client, b)
			}
		})
		for {
			b, err := readFrame(client)
			if err != nil {
				server.Close()
				return
			}
			if isUpdate(b) {
				n := p.next()
				if p.before != nil {
					p.before(n)
				}
				updates <- n
			}
			writeFrame(server, b)
		}
	})
}

func (p *proxy) next() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.updates++
	return p.updates
}
