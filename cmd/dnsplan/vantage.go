package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/vantage"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

type vantageOptions struct {
	name, listen, token string
	cert, key           string
	resolvers           []string
	port                uint16
	reserved            bool
}

func (o *vantageOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.name, "name", "", "what it calls itself in replies (default the host's name)")
	f.StringSliceVar(&o.resolvers, "resolver", nil, "the `address` of a resolver to ask (default the machine's own)")
	f.StringVar(&o.listen, "listen", "", "serve HTTP at this `address`, as 192.0.2.7:8443, in place of one request on standard input")
	f.StringVar(&o.token, "token", "", "the bearer token that is wanted of those who ask: a `reference`, env:NAME, file:PATH or cred:NAME")
	f.StringVar(&o.cert, "tls-cert", "", "a `file` with a certificate and its chain (PEM), to serve HTTPS")
	f.StringVar(&o.key, "tls-key", "", "the `file` with the key of the certificate (PEM)")
	f.Uint16Var(&o.port, "http-port", 80, "the `port` that challenges are fetched from, for tests and private authorities")
	f.BoolVar(&o.reserved, "allow-reserved", false, "fetch from addresses that no public authority connects to")
}

func newVantage(a *app) *cobra.Command {
	o := &vantageOptions{}
	c := &cobra.Command{
		Use:   "vantage",
		Short: "Fetch a challenge for a dnsplan elsewhere, as an authority would",
		Long: `The other end of a [[vantage]] of the inventory: it runs on a machine elsewhere
and tells what is seen from there. It reads one request (JSON) from standard
input, fetches the challenge by one GET with the rules of a certificate
authority, and writes one reply, as the command of an ssh does:

  [[vantage]]
  name    = "frankfurt"
  command = ["ssh", "probe@192.0.2.7", "dnsplan", "vantage"]

With --listen it serves the same by POST, to whoever has the token. It fetches
challenges (/.well-known/acme-challenge/ on port 80) and what they redirect to,
and never from a reserved address, so that it is no way into other services. It
needs no inventory.

A request, in which all but the first two members may be missing:

  {"version": 1,
   "url": "http://www.example.org` + http01.Path + `TOKEN",
   "address": "203.0.113.11", "expect": "TOKEN.THUMBPRINT",
   "timeout_seconds": 20}

A reply, in which ok says that an authority would have been content, and error
why not:

  {"version": 1, "vantage": "frankfurt", "at": "2026-11-23T06:00:00Z",
   "ok": false, "status": 404, "body": "not found", "address": "203.0.113.11",
   "addresses": ["203.0.113.11"],
   "urls": ["http://www.example.org` + http01.Path + `TOKEN"],
   "header": {"Server": "nginx"},
   "error": {"kind": "status", "problem": "unauthorized", "detail": "..."}}

A program of one's own may be a vantage, if it speaks this form.

The exit code is 0 when a reply was written, whatever it says.`,
		Example: `  dnsplan vantage < request.json
  dnsplan vantage --listen 127.0.0.1:8080
  dnsplan vantage --listen 192.0.2.7:8443 --token cred:vantage \
      --tls-cert cert.pem --tls-key key.pem`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runVantage(a, c, o) },
	}
	o.addFlags(c.Flags())
	return c
}

func runVantage(a *app, c *cobra.Command, o *vantageOptions) error {
	if err := o.check(); err != nil {
		return &usageError{c.CommandPath(), err}
	}
	client := resolver.New(resolver.Options{})
	defer client.Close() //nolint:errcheck // always nil
	agent, err := o.agent(client, a.clock.Now)
	if err != nil {
		return err
	}
	if o.listen != "" {
		return a.serveVantage(c.Context(), o, agent)
	}
	if _, ok := a.terminal(a.stdin); ok {
		a.notices.line("reading one request from standard input, as --help shows it")
	}
	request, err := a.readRequest(c.Context())
	if err != nil {
		return err
	}
	return agent.Exchange(c.Context(), bytes.NewReader(request), a.stdout)
}

// readRequest reads standard input to its end, as far as a request may go, or
// until the context ends: a read that waits cannot be broken off, and ends with
// the process.
func (a *app) readRequest(ctx context.Context) ([]byte, error) {
	type result struct {
		text []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := io.ReadAll(io.LimitReader(a.stdin, vantage.MaxRequest+1))
		done <- result{text, err}
	}()
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case r := <-done:
		return r.text, r.err
	}
}

// check finds flags that do not go together. Whoever listens to others wants a
// token of them.
func (o *vantageOptions) check() error {
	switch {
	case o.listen == "" && (o.token != "" || o.cert != "" || o.key != ""):
		return errors.New("--token, --tls-cert and --tls-key belong to --listen")
	case o.token != "" && !isReference(o.token):
		return errors.New("--token is a reference, env:NAME, file:PATH or cred:NAME, and never the token itself")
	case (o.cert == "") != (o.key == ""):
		return errors.New("--tls-cert and --tls-key belong together")
	case o.port == 0:
		return errors.New("--http-port is from 1 to 65535")
	case o.listen == "" || o.token != "":
		return nil
	}
	host, _, err := net.SplitHostPort(o.listen)
	if err != nil {
		return fmt.Errorf("--listen %q is no address with a port, as 127.0.0.1:8080", o.listen)
	}
	if addr, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !addr.IsLoopback()) {
		return fmt.Errorf("--listen %s is open to others: give it a --token", o.listen)
	}
	return nil
}

func isReference(text string) bool {
	_, err := inventory.ParseSecretRef(text)
	return err == nil
}

// agent is what carries out requests from this machine.
func (o *vantageOptions) agent(client *resolver.Client, now func() time.Time) (*vantage.Agent, error) {
	route, err := o.route(client)
	if err != nil {
		return nil, err
	}
	name := o.name
	if name == "" {
		name, _ = os.Hostname() // without one it has no name
	}
	fetch := http01.Options{
		Lookup: http01.DNS{Client: client, Route: route}, Reserved: http01.Reserved,
		Ports: http01.Ports{HTTP: o.port}, Now: now,
	}
	if o.reserved {
		fetch = fetch.ForPrivate()
	}
	return vantage.NewAgent(vantage.AgentOptions{
		Name: name, Validator: http01.New(fetch), Reserved: fetch.Reserved, Port: o.port, Now: now,
	}), nil
}

// route is whom to ask about names.
func (o *vantageOptions) route(client *resolver.Client) (resolver.Route, error) {
	if len(o.resolvers) == 0 {
		servers, err := client.MachineResolvers()
		return resolver.Route{Resolvers: servers}, err
	}
	var servers []resolver.Server
	for _, address := range o.resolvers {
		s, err := resolver.ParseServer("", address, string(resolver.UDP))
		if err != nil {
			return resolver.Route{}, fmt.Errorf("--resolver: %w", err)
		}
		servers = append(servers, s)
	}
	return resolver.Route{Resolvers: servers}, nil
}

// The limits of a served request; what is fetched takes 15 s at most.
const (
	readLimit  = 10 * time.Second
	writeLimit = time.Minute
	stopLimit  = 5 * time.Second
	headLimit  = 16 << 10
)

// serveVantage serves until the context ends, and then waits for what is under
// way, for a few seconds.
func (a *app) serveVantage(ctx context.Context, o *vantageOptions, agent *vantage.Agent) error {
	token, err := a.vantageToken(o)
	if err != nil {
		return err
	}
	listener, err := o.open()
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: agent.Handler(token), ReadTimeout: readLimit, WriteTimeout: writeLimit, MaxHeaderBytes: headLimit,
		ErrorLog: log.New(a.stderr, "dnsplan: ", 0),
	}
	a.notices.line("serving at " + o.url(listener))
	if o.cert == "" && token != "" {
		a.notices.line("warning: the token comes without encryption: give --tls-cert and --tls-key, or put it behind a server that has TLS")
	}
	var g errgroup.Group
	stopped, stop := context.WithCancel(ctx)
	defer stop()
	g.Go(func() error {
		defer stop()
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-stopped.Done()
		limited, over := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
		defer over()
		_ = server.Shutdown(limited) // what takes longer is cut off
		return server.Close()
	})
	return g.Wait()
}

func (a *app) vantageToken(o *vantageOptions) (string, error) {
	if o.token == "" {
		return "", nil
	}
	secret, err := inventory.SecretRef(o.token).Resolve(inventory.SecretSources{Env: a.env, ReadFile: os.ReadFile})
	if err != nil {
		return "", &withoutInventory{fmt.Errorf("--token: %w", err)}
	}
	return secret.Reveal(), nil
}

func (o *vantageOptions) open() (net.Listener, error) {
	if o.cert == "" {
		return net.Listen("tcp", o.listen)
	}
	pair, err := tls.LoadX509KeyPair(o.cert, o.key)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert and --tls-key: %w", err)
	}
	return tls.Listen("tcp", o.listen, &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2", "http/1.1"}})
}

// url is where the listener is asked.
func (o *vantageOptions) url(l net.Listener) string {
	scheme := "http"
	if o.cert != "" {
		scheme = "https"
	}
	return fmt.Sprintf("%s://%s/", scheme, l.Addr())
}
