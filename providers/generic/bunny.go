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

	"github.com/libdns/bunny"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// bunnyEntry follows https://docs.bunny.net/reference/dnszonepublic_index.
func bunnyEntry() Entry {
	return Entry{Quirks{
		Limits: providers.Limits{MinTTL: 15, MaxTTL: zone.MaxTTL}, DefaultTTL: 300,
		TTL: TTLHook, AbsoluteTargets: true, ExactZone: true, Serial: true, Rate: 5, Burst: 20,
		NoZone: []string{"zone not found for domain"},
		Notes: []string{
			"A zone that is not there is taken for a part of its parent, so it must be in the list of zones, whose first thousand are read.",
			"SetRecords deletes first and ignores errors, so it is never called; the TTL is changed over the API itself.",
			"Disabled, weighted and smart records look like ordinary ones.",
			"A value of an HTTPS record without parameters crashes the libdns provider, which fails the read.",
		},
	}, func(s *Setup) (Libdns, Hooks, error) {
		key := s.Secret("api_key")
		hook := bunnyAPI{base: "https://api.bunny.net", key: key, client: s.Client()}
		return &bunny.Provider{AccessKey: key}, Hooks{SetTTL: hook.setTTL}, s.Err()
	}}
}

// bunnyAPI is the little of bunny.net's API that libdns leaves out.
type bunnyAPI struct {
	base, key string
	client    *http.Client
}

// bunnyType is the vendor's number of a type.
func bunnyType(t zone.Type) int {
	if t == zone.AAAA {
		return 1
	}
	return 0
}

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
			Id, Type int
			Name     string
		}
		if err := remarshal(record, &has); err != nil {
			return err
		}
		if has.Type != bunnyType(typ) || !strings.EqualFold(has.Name, strings.TrimPrefix(name, "@")) {
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
			Id     int
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
