package generic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// bunnyAPI is the little of bunny.net's API that libdns leaves out.
type bunnyAPI struct {
	base, key string
	client    *http.Client
}

// bunnyTypes are the vendor's numbers of types.
var bunnyTypes = map[zone.Type]int{zone.A: 0, zone.AAAA: 1}

// setTTL sends each record of the RRset back with all that the API told of it,
// but for the TTL (https://docs.bunny.net/reference/dnszonepublic_updaterecord).
func (a bunnyAPI) setTTL(ctx context.Context, z zone.Name, name string, typ zone.Type, ttl zone.TTL) error {
	id, err := a.zone(ctx, z)
	if err != nil {
		return err
	}
	var holds struct{ Records []map[string]json.RawMessage }
	if err := a.do(ctx, http.MethodGet, fmt.Sprintf("/dnszone/%d", id), nil, &holds); err != nil {
		return err
	}
	for _, record := range holds.Records {
		var has struct {
			Id, Type int //nolint:revive // the vendor's spelling
			Name     string
		}
		if err := remarshal(record, &has); err != nil {
			return err
		}
		if has.Type != bunnyTypes[typ] || !strings.EqualFold(has.Name, strings.TrimPrefix(name, "@")) {
			continue
		}
		record["Ttl"] = json.RawMessage(ttl.String())
		if err := a.do(ctx, http.MethodPost, fmt.Sprintf("/dnszone/%d/records/%d", id, has.Id), record, nil); err != nil {
			return err
		}
	}
	return nil
}

// zone returns the id of a zone (https://docs.bunny.net/reference/dnszonepublic_index).
func (a bunnyAPI) zone(ctx context.Context, z zone.Name) (int, error) {
	var found struct {
		Items []struct {
			Id     int //nolint:revive // the vendor's spelling
			Domain string
		}
	}
	if err := a.do(ctx, http.MethodGet, "/dnszone?search="+url.QueryEscape(z.Display()), nil, &found); err != nil {
		return 0, err
	}
	for _, item := range found.Items {
		if zone.Canonical(item.Domain) == z {
			return item.Id, nil
		}
	}
	return 0, fmt.Errorf("zone not found for domain: %s", z.Display())
}

func (a bunnyAPI) do(ctx context.Context, method, path string, in, out any) error {
	return callJSON(ctx, a.client, method, a.base+path, in, out, func(r *http.Request) { r.Header.Set("AccessKey", a.key) })
}

// callJSON makes a request of JSON for JSON.
func callJSON(ctx context.Context, client *http.Client, method, address string, in, out any, sign func(*http.Request)) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return err
	}
	r.Header.Set("Accept", "application/json")
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	sign(r)
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode >= http.StatusBadRequest:
		return fmt.Errorf("%s %s: HTTP %d: %s", method, r.URL.Path, resp.StatusCode, bytes.TrimSpace(reply[:min(len(reply), 500)]))
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(reply, out); err != nil {
		return fmt.Errorf("%s %s: read the reply: %w", method, r.URL.Path, err)
	}
	return nil
}

// remarshal reads what a map of JSON holds.
func remarshal(in, out any) error {
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, out)
}
