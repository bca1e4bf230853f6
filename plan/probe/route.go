package probe

import (
	"context"
	"errors"
	"net/netip"
	"syscall"
)

// anyPort is where the socket that asks for a route is connected to: nothing is
// ever sent there (RFC 863, discard).
const anyPort = 9

// Route returns why this machine has no way to the address, and nil where it has
// one or that cannot be told. It connects a UDP socket, which asks the routing
// table and sends nothing. Many a machine that plans has no IPv6.
func (c *Client) Route(ctx context.Context, a netip.Addr) error {
	conn, err := c.opts.Dial(ctx, "udp", netip.AddrPortFrom(a, anyPort).String())
	if err == nil {
		conn.Close()
		return nil
	}
	cause, _ := errors.AsType[syscall.Errno](err)
	switch cause {
	case syscall.ENETUNREACH, syscall.EHOSTUNREACH:
		return cause
	case syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT:
		return errNoFamily
	case syscall.EACCES, syscall.EINVAL: // routes that say "prohibit" or "blackhole"
		return errNoWay
	}
	return nil
}

var (
	errNoFamily = errors.New("this machine has no address of its family")
	errNoWay    = errors.New("the routing table forbids it")
)
