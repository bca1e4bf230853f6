package plant

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// Planter places tokens. Its methods are safe for concurrent use.
type Planter interface {
	// Plant places t and returns what takes it away again, which must be called
	// once it is not needed, may be called again, and does its work even when its
	// context has ended. When Plant fails, nothing is left in place; where even
	// that could not be brought about, the error says so. Something that is there
	// under the token's name is left alone and is an error.
	Plant(ctx context.Context, t Token) (remove func(context.Context) error, err error)
	// Place says where tokens go.
	Place() Place
}

// Place is where tokens go: one of its fields is set.
type Place struct {
	// Webroot is the folder that a web server serves.
	Webroot string
	// Listen is the address of a listener of our own.
	Listen netip.AddrPort
	// Command is a program that takes them elsewhere, without its arguments: those
	// may hold secrets.
	Command string
}

// String reads "webroot /var/www/html", "listener at 192.0.2.1:80" or "command ssh".
func (p Place) String() string {
	switch {
	case p.Webroot != "":
		return "webroot " + p.Webroot
	case p.Listen.IsValid():
		return "listener at " + p.Listen.String()
	}
	return "command " + p.Command
}

// removal is how long the removal of a token may take.
const removal = 30 * time.Second

// During places t, calls do, and takes t away again: also when do fails, and, for
// half a minute at most, when ctx has ended. The error is that of either.
func During(ctx context.Context, p Planter, t Token, do func(context.Context) error) (err error) {
	remove, err := p.Plant(ctx, t)
	if err != nil {
		return err
	}
	defer func() {
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), removal)
		defer stop()
		err = errors.Join(err, remove(ctx))
	}()
	return do(ctx)
}
