package http01

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

const (
	// MaxBody octets are too long for a key authorization.
	MaxBody = 128
	// maxHeader bounds the header of an answer, in octets.
	maxHeader = 1 << 20
	// sampleTime is how long the rest of a judged body is waited for.
	sampleTime = time.Second
)

// dial asks the network.
func dial(ctx context.Context, source netip.Addr, to netip.AddrPort) (net.Conn, error) {
	var d net.Dialer
	if source.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))
	}
	return d.DialContext(ctx, "tcp", to.String())
}

// choose returns the addresses to try: the first of IPv6, and behind it the
// first of IPv4.
func choose(resolved []netip.Addr, both bool) []netip.Addr {
	var out []netip.Addr
	for _, six := range []bool{true, false} {
		if i := slices.IndexFunc(resolved, func(a netip.Addr) bool { return a.Is6() == six }); i >= 0 {
			out = append(out, resolved[i])
		}
	}
	if !both {
		out = out[:1]
	}
	return out
}

// connect tries one address, or two where both is set.
func (r *run) connect(ctx context.Context, h *Hop, both bool) (net.Conn, *Error) {
	var failed *Error
	for _, a := range choose(h.Resolved, both) {
		began := r.v.opts.Now()
		conn, kind, err := r.dial(ctx, netip.AddrPortFrom(a, h.Port))
		h.Used = a
		h.Tries = append(h.Tries, Try{Addr: a, Kind: kind, Err: err, Took: r.v.opts.Now().Sub(began)})
		if err == nil {
			return conn, nil
		}
		if failed = h.fails(kind, err); ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}

func (r *run) dial(ctx context.Context, to netip.AddrPort) (net.Conn, Kind, error) {
	limited, stop := context.WithTimeout(ctx, r.v.opts.ConnectTimeout)
	defer stop()
	conn, err := r.v.opts.Dial(limited, r.request.Source, to)
	if err != nil {
		return nil, connectKind(err, limited.Err() != nil), err
	}
	return conn, "", nil
}

// secure speaks TLS on conn, or closes it. Any certificate will do.
func (r *run) secure(ctx context.Context, h *Hop, conn net.Conn) (net.Conn, *Error) {
	limited, stop := context.WithTimeout(ctx, r.v.opts.ConnectTimeout)
	defer stop()
	config := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // who asks for a certificate may have none yet
	}
	if n, err := zone.ParseName(h.Host); err == nil && !isAddress(h.Host) {
		config.ServerName = n.Display()
	}
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(limited); err != nil {
		conn.Close()
		return nil, h.fails(handshakeKind(err, limited.Err() != nil), err)
	}
	h.TLS = tls.VersionName(secured.ConnectionState().Version)
	return secured, nil
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// ask sends the request over conn and reads the answer into h.
func (r *run) ask(ctx context.Context, h *Hop, conn net.Conn, u *url.URL, referer string) *Error {
	heard := &recorder{Conn: conn}
	given := func(context.Context, string, string) (net.Conn, error) { return heard, nil }
	transport := &http.Transport{
		DialContext: given, DialTLSContext: given,
		DisableKeepAlives: true, MaxResponseHeaderBytes: maxHeader,
	}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return h.fails(RedirectURL, err)
	}
	request.Header.Set("User-Agent", r.v.opts.UserAgent)
	request.Header.Set("Accept", "*/*")
	if referer != "" {
		request.Header.Set("Referer", referer)
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return h.fails(answerKind(err, heard.beginning(), ctx.Err() != nil), err)
	}
	defer answer.Body.Close()
	h.Status, h.Location, h.Header = answer.StatusCode, answer.Header.Get("Location"), telling(answer.Header)
	return r.read(h, conn, answer.Body)
}

// read reads what counts of the body, and a sample of what does not. For the
// sample nobody waits long.
func (r *run) read(h *Hop, conn net.Conn, body io.Reader) *Error {
	if h.Status == http.StatusOK {
		var err error
		h.Body, err = io.ReadAll(io.LimitReader(body, MaxBody))
		switch {
		case err != nil:
			return h.fails(BodyBroken, err)
		case len(h.Body) < MaxBody:
			return nil
		}
	}
	_ = conn.SetReadDeadline(time.Now().Add(sampleTime))                            // without it the context ends the wait
	more, _ := io.ReadAll(io.LimitReader(body, int64(r.v.opts.Sample-len(h.Body)))) // a sample needs no end
	h.Body = append(h.Body, more...)
	return nil
}
