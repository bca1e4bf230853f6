package netfault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/netfault"
)

// dialled is an error as package net makes it of the system's.
func dialled(errno syscall.Errno) error {
	return fmt.Errorf("ask: %w", &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errno)})
}

func TestOf(t *testing.T) {
	late, stop := context.WithTimeout(t.Context(), 0)
	defer stop()
	for _, c := range []struct {
		err  error
		want netfault.Fault
	}{
		{nil, ""},
		{dialled(syscall.ECONNREFUSED), netfault.Refused},
		{dialled(syscall.ECONNRESET), netfault.Reset},
		{dialled(syscall.EPIPE), netfault.Reset},
		{dialled(syscall.ENETUNREACH), netfault.NoRoute},
		{dialled(syscall.ENETDOWN), netfault.NoRoute},
		{dialled(syscall.EADDRNOTAVAIL), netfault.NoRoute},
		{dialled(syscall.EAFNOSUPPORT), netfault.NoRoute},
		{dialled(syscall.EHOSTUNREACH), netfault.Unreachable},
		{dialled(syscall.ETIMEDOUT), netfault.Timeout},
		{late.Err(), netfault.Timeout},
		{&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, netfault.Timeout},
		{context.Canceled, netfault.Cancelled},
		{io.EOF, netfault.Closed},
		{fmt.Errorf("read: %w", io.ErrUnexpectedEOF), netfault.Closed},
		{dialled(syscall.EMFILE), netfault.Other},
		{errors.New("no such thing"), netfault.Other},
	} {
		if got := netfault.Of(c.err); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}

// What the system itself says on loopback is sorted as it was meant.
func TestOnLoopback(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	read := func(end func(*net.TCPConn), patience time.Duration) error {
		t.Helper()
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		end(server.(*net.TCPConn))
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		_, err = conn.Read(make([]byte, 1))
		return err
	}
	var open *net.TCPConn
	for want, tt := range map[netfault.Fault]struct {
		end      func(*net.TCPConn)
		patience time.Duration
	}{
		netfault.Closed:  {func(c *net.TCPConn) { c.Close() }, time.Minute},
		netfault.Reset:   {func(c *net.TCPConn) { _ = c.SetLinger(0); c.Close() }, time.Minute},
		netfault.Timeout: {func(c *net.TCPConn) { open = c }, time.Millisecond},
	} {
		if err := read(tt.end, tt.patience); netfault.Of(err) != want {
			t.Errorf("%v: %q, want %q", err, netfault.Of(err), want)
		}
	}
	open.Close()
	l.Close()
	if _, err := net.Dial("tcp", l.Addr().String()); netfault.Of(err) != netfault.Refused {
		t.Errorf("%v: %q", err, netfault.Of(err))
	}
}

func TestWorded(t *testing.T) {
	err := netfault.Worded("connection refused", dialled(syscall.ECONNREFUSED))
	if err.Error() != "connection refused" || netfault.Of(err) != netfault.Refused {
		t.Errorf("%v: %q", err, netfault.Of(err))
	}
}
