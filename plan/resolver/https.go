package resolver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// httpsWindow is how many requests are open at one server; HTTP/2 servers
	// allow a hundred or more on a connection.
	httpsWindow = 64
	// maxMessage is the longest DNS message, in octets.
	maxMessage = 1<<16 - 1

	mediaType = "application/dns-message"
)

// dohCall is the part of a flight that its requests share.
type dohCall struct {
	*flight
	client *http.Client

	mu      sync.Mutex
	replied bool   // some question has had a reply
	dead    error  // what ended the first question, when none had
	status  Status // of dead
}

// overHTTPS asks pending by POST (RFC 8484, section 4.1). The first question
// goes ahead alone, so that all others share its connection.
func (f *flight) overHTTPS(ctx context.Context, pending []int) {
	d := &dohCall{flight: f, client: f.c.httpClient(f.server)}
	if len(pending) == 0 {
		return
	}
	d.ask(ctx, pending[0])
	work := make(chan int)
	var workers sync.WaitGroup
	for range min(f.c.opts.PerServer, httpsWindow, len(pending)-1) {
		workers.Go(func() {
			for i := range work {
				d.ask(ctx, i)
			}
		})
	}
	for _, i := range pending[1:] {
		work <- i
	}
	close(work)
	workers.Wait()
}

// ask asks one question until it has its outcome. When ctx has ended, and when
// the server is dead, that is at once.
func (d *dohCall) ask(ctx context.Context, i int) {
	query, err := appendQuery(nil, 0, d.questions[i]) // id 0: RFC 8484, section 4.1
	if err != nil {
		d.fail([]int{i}, Broken, err)
		return
	}
	for try := 1; ; try++ {
		if s, err := d.grave(); err != nil {
			d.fail([]int{i}, s, err)
			return
		}
		err = d.try(ctx, i, query)
		switch status := statusOf(err); {
		case err == nil:
			return
		case ctx.Err() != nil:
			d.fail([]int{i}, Cancelled, ctx.Err())
			return
		case status != Timeout:
			d.bury(i, status, err)
			return
		case try == d.c.opts.Attempts:
			d.bury(i, Timeout, fmt.Errorf("no reply in %d tries of %v", try, d.c.opts.Timeout))
			return
		}
		pause(ctx, backoff(d.c.opts.Timeout, try))
	}
}

// grave returns why the server counts as dead, if it does.
func (d *dohCall) grave() (Status, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.status, d.dead
}

// bury ends question i, and with it all others when none had a reply yet.
func (d *dohCall) bury(i int, s Status, err error) {
	d.mu.Lock()
	if !d.replied && d.dead == nil {
		d.status, d.dead = s, err
	}
	d.mu.Unlock()
	d.fail([]int{i}, s, err)
}

// try posts query once and delivers what came; an error is for the caller to
// deliver.
func (d *dohCall) try(ctx context.Context, i int, query []byte) error {
	if err := d.wait(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, d.c.opts.Timeout)
	defer cancel()
	sent := time.Now()
	body, err := d.post(ctx, query)
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.replied = true
	d.mu.Unlock()
	o := outcome{msg: &message{}, rtt: time.Since(sent), at: d.c.opts.Now()}
	if err := o.msg.parse(body); err != nil || !o.msg.answersTo(query) || o.msg.truncated() {
		o = outcome{status: Malformed, cause: errGarbage, rtt: o.rtt, at: o.at}
	}
	d.deliver(i, o)
	return nil
}

// wait is for the limiter's leave, where there is a limiter.
func (d *dohCall) wait(ctx context.Context) error {
	if l := d.c.limiter(d.server); l != nil {
		booked := l.Reserve()
		if pause(ctx, booked.Delay()); ctx.Err() != nil {
			booked.Cancel()
		}
	}
	return ctx.Err()
}

// post sends query and returns the body of a good response.
func (d *dohCall) post(ctx context.Context, query []byte) (body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.server.URL, bytes.NewReader(query))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", mediaType)
	req.Header.Set("Accept", mediaType)
	resp, err := d.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it has been read
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxMessage+1))
	switch got, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); {
	case err != nil:
		return nil, err
	case resp.StatusCode != http.StatusOK:
		return nil, errors.New("HTTP " + resp.Status)
	case got != mediaType:
		return nil, fmt.Errorf("HTTP content of type %q", got)
	case len(body) > maxMessage:
		return nil, errors.New("HTTP content too long for a DNS message")
	}
	return body, nil
}

// httpClient returns the client that keeps the connections to s. No proxy is
// asked: it would answer from where it stands.
func (c *Client) httpClient(s Server) *http.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h, ok := c.https[s]; ok {
		return h
	}
	t := &http.Transport{
		TLSClientConfig:     c.tlsConfig(s),
		TLSHandshakeTimeout: c.opts.Timeout,
		ForceAttemptHTTP2:   true,
		DisableCompression:  true,
		MaxIdleConnsPerHost: httpsWindow,
		IdleConnTimeout:     maxIdle,
	}
	if s.Addr.IsValid() {
		t.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, s.Addr.String())
		}
	}
	h := &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c.https[s] = h
	return h
}
