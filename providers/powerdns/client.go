package powerdns

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// answer is a whole reply of the API that is not a success of the transport's
// own kind of failure.
type answer struct {
	status int
	body   []byte
}

// said is the API's own word, from its JSON error or as plain text.
func (a answer) said() string {
	var e struct {
		Error  string   `json:"error"`
		Errors []string `json:"errors"`
	}
	text := strings.TrimSpace(string(a.body))
	if json.Unmarshal(a.body, &e) == nil && e.Error != "" {
		text = strings.Join(append([]string{e.Error}, e.Errors...), ": ")
	}
	const most = 500
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return strings.Join(strings.Fields(text), " ")
}

// ok tells a success.
func (a answer) ok() bool { return a.status >= 200 && a.status < 300 }

// do makes one request of the API. elements are the path behind
// /api/v1/servers, not escaped. The errors are the transport's, and
// providers.ErrCredentials.
func (p *Provider) do(ctx context.Context, method string, body []byte, query url.Values, elements ...string) (answer, error) {
	u := *p.base
	for _, e := range elements {
		u = *u.JoinPath(url.PathEscape(e))
	}
	u.RawQuery = query.Encode()
	var payload io.Reader = http.NoBody
	if body != nil {
		payload = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), payload)
	if err != nil {
		return answer{}, p.chain.Redact(err)
	}
	req.Header.Set("X-API-Key", p.key)
	req.Header.Set("Accept", "application/json") // else errors are plain text
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return answer{}, p.chain.Redact(err)
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		return answer{}, p.chain.Redact(err)
	}
	return a, p.refusesKey(a)
}

// refusesKey tells whether the server turned away who asks
// (https://doc.powerdns.com/authoritative/http-api/#authentication).
func (p *Provider) refusesKey(a answer) error {
	switch a.status {
	case http.StatusUnauthorized:
		return fmt.Errorf("%w: %s does not take the api_key: it must be the setting api-key of that PowerDNS server, which also needs api=yes",
			providers.ErrCredentials, p.base.Host)
	case http.StatusForbidden:
		return fmt.Errorf("%w: %s answers 403 %s: see the server's webserver-allow-from, and what stands between",
			providers.ErrCredentials, p.base.Host, a.said())
	}
	return nil
}

// getZone reads the zone, disabled records included.
func (p *Provider) getZone(ctx context.Context, z zone.Name) (*held, error) {
	a, err := p.do(ctx, http.MethodGet, nil, nil, p.id, "zones", zoneID(z))
	if err != nil {
		return nil, explain(err, z)
	}
	if !a.ok() {
		return nil, p.notGot(ctx, z, a)
	}
	return parseZone(z, a.body)
}

// notGot turns an answer about a zone other than the zone into an error.
func (p *Provider) notGot(ctx context.Context, z zone.Name, a answer) error {
	unknown := a.status == http.StatusUnprocessableEntity && strings.HasPrefix(a.said(), "Could not find domain")
	if a.status != http.StatusNotFound && !unknown {
		return fmt.Errorf("%s answers %d %s", p.base.Host, a.status, a.said())
	}
	if err := p.findServer(ctx); err != nil {
		return err
	}
	return fmt.Errorf("%w: the PowerDNS server at %s does not hold %s: check the zone's name, and that it is this server which has it",
		providers.ErrZoneNotFound, p.base.Host, z)
}

// server is one server of the API
// (https://doc.powerdns.com/authoritative/http-api/server.html).
type server struct {
	ID      string `json:"id"`
	Daemon  string `json:"daemon_type"`
	Version string `json:"version"`
}

// findServer tells an API that is not there, and a server_id that is not, from
// what lies below: all are answered 404.
func (p *Provider) findServer(ctx context.Context) error {
	_, err := p.server(ctx)
	return err
}

// server asks what the server says of itself.
func (p *Provider) server(ctx context.Context) (server, error) {
	a, err := p.do(ctx, http.MethodGet, nil, nil)
	if err != nil {
		return server{}, err
	}
	var all []server
	if !a.ok() || json.Unmarshal(a.body, &all) != nil {
		return server{}, fmt.Errorf("there is no PowerDNS API at %v (it answers %d): check server_url, which is the address of the server's webserver-port, 8081 by default",
			p.base, a.status)
	}
	ids := make([]string, len(all))
	for i, s := range all {
		if s.ID == p.id {
			return s, nil
		}
		ids[i] = s.ID
	}
	return server{}, fmt.Errorf("server_id %q is not among the servers at %s: it has %s", p.id, p.base.Host, strings.Join(ids, ", "))
}

// explain adds what a server error on a zone mostly means: PowerDNS fails the
// whole zone for one record of its database that it cannot parse.
func explain(err error, z zone.Name) error {
	if isServerError(err) && !errors.Is(err, providers.ErrUnknown) {
		return fmt.Errorf("%w: the server's log says why (a record that PowerDNS cannot parse is found by: pdnsutil check-zone %s)", err, z.Display())
	}
	return err
}

// zoneID is the zone's id in the API: its name with all but letters, digits,
// dots and hyphens as =XX.
func zoneID(z zone.Name) string {
	if z == zone.Root {
		return "=2E"
	}
	var b strings.Builder
	for i := range len(z) {
		switch c := z[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '.', c == '-':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "=%02X", c)
		}
	}
	return b.String()
}
