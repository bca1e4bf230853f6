package providertest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/memory"
	"github.com/dnsplan/dnsplan/providers/providertest"
	"github.com/dnsplan/dnsplan/providers/transport"
	"github.com/dnsplan/dnsplan/providers/zonefile"
)

const org zone.Name = "example.org."

const (
	canary  = "canary-4b1d/+ 9=f"
	perPage = 10
	batch   = 7
)

// The suite over the least adapter over HTTP that can pass it.
func TestRunHTTP(t *testing.T) {
	var more strings.Builder
	for i := range 3 * perPage {
		fmt.Fprintf(&more, "h%d 300 IN A 10.0.0.%d\n", i, i)
	}
	providertest.RunHTTP(t, providertest.HTTPHarness{
		Open:       openRemote,
		IsWrite:    func(r *http.Request) bool { return r.Method == http.MethodPost },
		Paged:      more.String(),
		SecondPage: func(r *http.Request) bool { return r.URL.Query().Get("page") == "2" },
		Secrets:    []string{canary},
	})
}

func TestRun(t *testing.T) {
	providertest.Run(t, providertest.Harness{Sets: 150, Open: func(t *testing.T, text string) providertest.Zone {
		return openRemote(t, text, func(h http.Handler) http.Handler { return h })
	}})
}

func openRemote(t *testing.T, text string, wrap func(http.Handler) http.Handler) providertest.Zone {
	s, err := zonefile.Parse(t.Context(), org, "seed", text)
	if err != nil {
		t.Fatal(err)
	}
	store := memory.New(memory.Options{})
	store.Put(s)
	server := httptest.NewServer(wrap(vendor{store}))
	t.Cleanup(server.Close)
	chain := transport.New(transport.Options{Name: "remote", Secrets: []string{canary}, Pause: time.Millisecond})
	return providertest.Zone{
		Provider: &remote{url: server.URL, chain: chain, client: chain.Client()}, Name: org,
		Others: func(*testing.T) []string {
			var out []string
			for _, r := range store.Snapshot(org).Others {
				out = append(out, fmt.Sprintf("%s %s %s %s", r.Name, r.TTL, r.Type, r.Data))
			}
			return out
		},
	}
}

// vendor serves a zone in pages, and takes batches of changes.
type vendor struct{ store *memory.Provider }

type list struct {
	Sets   []zone.RRset
	Others []zone.Record
	Pages  int
}

type problem struct {
	Kind, Text string
	Keys       []zone.Key
}

func (v vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.Header.Get("Authorization") != canary {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	z := zone.Name(r.URL.Path[1:])
	if r.Method == http.MethodGet {
		v.list(w, z, r.URL.Query().Get("page"))
		return
	}
	var changes []providers.Change
	if err := json.NewDecoder(r.Body).Decode(&changes); err != nil || len(changes) > batch {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if _, err := v.store.Write(r.Context(), z, changes); err != nil {
		refuse(w, err)
		return
	}
	_, _ = w.Write([]byte(`{"ok": true}`))
}

func (v vendor) list(w http.ResponseWriter, z zone.Name, page string) {
	s := v.store.Snapshot(z)
	n, _ := strconv.Atoi(page)
	if s == nil || n < 1 {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	l := list{Pages: (len(s.RRsets) + perPage - 1) / perPage}
	if n == 1 {
		l.Others = s.Others
	}
	for i, r := range s.RRsets {
		if i/perPage == n-1 {
			l.Sets = append(l.Sets, r)
		}
	}
	_ = json.NewEncoder(w).Encode(l)
}

func refuse(w http.ResponseWriter, err error) {
	p := problem{Text: err.Error()}
	if e, ok := errors.AsType[*providers.ConflictError](err); ok {
		p.Kind, p.Keys = "conflict", e.Keys
	}
	w.WriteHeader(http.StatusUnprocessableEntity)
	_ = json.NewEncoder(w).Encode(p)
}

// remote is the adapter for vendor.
type remote struct {
	url    string
	chain  *transport.Chain
	client *http.Client
}

func (p *remote) String() string   { return "remote at " + p.url }
func (p *remote) GoString() string { return p.String() }

func (*remote) Limits(zone.Name) providers.Limits {
	return providers.Limits{Batch: batch, Atomic: true, Conditional: true}
}

func (p *remote) Read(ctx context.Context, z zone.Name) (*zone.Snapshot, error) {
	s := &zone.Snapshot{Zone: z}
	for page, pages := 1, 1; page <= pages; page++ {
		var l list
		if err := p.call(ctx, http.MethodGet, fmt.Sprintf("/%s?page=%d&key=%s", z, page, url.QueryEscape(canary)), nil, &l); err != nil {
			return nil, fmt.Errorf("read zone %s: %w", z, err)
		}
		pages = l.Pages
		s.RRsets, s.Others = append(s.RRsets, l.Sets...), append(s.Others, l.Others...)
	}
	s.Sort()
	return s, nil
}

// Write sends what differs in batches. One read comes first, so that nothing is
// written where a later batch would be refused.
func (p *remote) Write(ctx context.Context, z zone.Name, changes []providers.Change) (providers.Receipt, error) {
	live, err := p.Read(ctx, z)
	if err != nil {
		return providers.Receipt{}, err
	}
	scratch := memory.New(memory.Options{})
	scratch.Put(live)
	if _, err := scratch.Write(ctx, z, changes); err != nil {
		return providers.Receipt{}, err
	}
	requests := 1
	changes = slices.DeleteFunc(slices.Clone(changes), func(c providers.Change) bool {
		return c.Before != nil && c.After != nil && c.Before.Equal(*c.After)
	})
	for part := range slices.Chunk(changes, batch) {
		err := p.call(ctx, http.MethodPost, "/"+string(z), part, &struct{}{})
		if err != nil && requests > 1 {
			err = fmt.Errorf("%w: %w", providers.ErrPartial, err)
		}
		if err != nil {
			return providers.Receipt{}, fmt.Errorf("write zone %s: %w", z, err)
		}
		requests++
	}
	return providers.Receipt{Requests: requests, Accepted: time.Now()}, nil
}

func (p *remote) call(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, p.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", canary)
	resp, err := p.client.Do(req)
	if err != nil {
		return p.chain.Redact(err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		if err := json.NewDecoder(resp.Body).Decode(out); err != nil && method == http.MethodPost {
			return fmt.Errorf("%w: %w", providers.ErrUnknown, err)
		} else if err != nil {
			return fmt.Errorf("the answer: %w", err)
		}
		return nil
	case http.StatusUnauthorized, http.StatusForbidden:
		return providers.ErrCredentials
	case http.StatusNotFound:
		return providers.ErrZoneNotFound
	}
	var pr problem
	if err := json.NewDecoder(resp.Body).Decode(&pr); err != nil {
		return fmt.Errorf("%s: %w", resp.Status, err)
	}
	if pr.Kind == "conflict" {
		return &providers.ConflictError{Keys: pr.Keys}
	}
	return errors.New(pr.Text)
}
