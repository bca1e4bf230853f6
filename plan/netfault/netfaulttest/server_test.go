package netfaulttest_test

import (
	"net"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/netfault/netfaulttest"
)

// late is a listener that has accepted a connection as it is closed.
type late struct {
	net.Listener
	over  chan struct{}
	conns chan net.Conn
}

func (l *late) Accept() (net.Conn, error) {
	<-l.over
	if c, ok := <-l.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (l *late) Close() error { close(l.over); return nil }

// A test ends, whenever a client has come that does not go.
func TestServeListenerEnds(t *testing.T) {
	client, server := net.Pipe()
	goes := time.AfterFunc(30*time.Second, func() { client.Close() })
	t.Run("served", func(t *testing.T) {
		l := &late{over: make(chan struct{}), conns: make(chan net.Conn, 1)}
		l.conns <- server
		close(l.conns)
		netfaulttest.ServeListener(t, l, netfaulttest.Hangs)
	})
	if !goes.Stop() {
		t.Error("it waits for a client that stays")
	}
	client.Close()
}
