package powerdns_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/providertest"
)

// Disabled records and comments are put by the administrator, over the API.
func TestWriteKeepsDisabledAndComments(t *testing.T) {
	s := start(t, exampleZone)
	patched(t, s, "part.example.org.", "A", "192.0.2.41 192.0.2.44 !192.0.2.42 !192.0.2.43", "first rack")
	patched(t, s, "noted.example.org.", "A", "192.0.2.45", "second rack")
	patched(t, s, "off-alias.example.org.", "CNAME", "!www.example.org.", "to come")
	p := provider(t, config(s.API()))
	was := stored(t, s)
	for _, tt := range []struct {
		name       string
		change     providers.Change
		gone, come []string
	}{
		{
			name:   "TTL only",
			change: change("part.example.org. 300 A 192.0.2.41 192.0.2.44", "part.example.org. 60 A 192.0.2.41 192.0.2.44"),
			gone: []string{
				"part.example.org. 300 A 192.0.2.41", "part.example.org. 300 A 192.0.2.44",
				"part.example.org. 300 A 192.0.2.42 (disabled)", "part.example.org. 300 A 192.0.2.43 (disabled)",
			},
			come: []string{
				"part.example.org. 60 A 192.0.2.41", "part.example.org. 60 A 192.0.2.44",
				"part.example.org. 60 A 192.0.2.42 (disabled)", "part.example.org. 60 A 192.0.2.43 (disabled)",
			},
		},
		{
			name:   "values",
			change: change("part.example.org. 60 A 192.0.2.41 192.0.2.44", "part.example.org. 60 A 192.0.2.44 203.0.113.1"),
			gone:   []string{"part.example.org. 60 A 192.0.2.41"},
			come:   []string{"part.example.org. 60 A 203.0.113.1"},
		},
		{
			name:   "an address that was disabled goes live",
			change: change("part.example.org. 60 A 192.0.2.44 203.0.113.1", "part.example.org. 60 A 192.0.2.42"),
			gone: []string{
				"part.example.org. 60 A 192.0.2.44", "part.example.org. 60 A 203.0.113.1",
				"part.example.org. 60 A 192.0.2.42 (disabled)",
			},
			come: []string{"part.example.org. 60 A 192.0.2.42"},
		},
		{
			name:   "a set with a comment",
			change: change("noted.example.org. 300 A 192.0.2.45", "noted.example.org. 60 A 192.0.2.46"),
			gone:   []string{"noted.example.org. 300 A 192.0.2.45"},
			come:   []string{"noted.example.org. 60 A 192.0.2.46"},
		},
		{
			name:   "a set beside a disabled CNAME record",
			change: change("", "off-alias.example.org. 60 A 192.0.2.47"),
			come:   []string{"off-alias.example.org. 60 A 192.0.2.47"},
		},
		{
			name:   "the deletion takes the comment along",
			change: change("noted.example.org. 60 A 192.0.2.46", ""),
			gone:   []string{"noted.example.org. 60 A 192.0.2.46", "noted.example.org. A ; ops: second rack"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := write(t, p, tt.change); err != nil {
				t.Fatal(err)
			}
			want := with(was, tt.gone, tt.come)
			wantLines(t, "stored", stored(t, s), want...)
			was = want
		})
	}
}

// A set out of a backup brings its comment, which PowerDNS keeps for the set, and
// leaves one that is the same as it is. The requests are by the docs.
func TestWriteBringsCommentsBack(t *testing.T) {
	s := start(t, exampleZone)
	patched(t, s, "noted.example.org.", "A", "192.0.2.45 192.0.2.46", "second rack")
	p := provider(t, config(docsOf(t, s).watched(t, proxy(t, s))))
	zoned := func() zone.RRset {
		live, err := p.Read(t.Context(), origin)
		if err != nil {
			t.Fatal(err)
		}
		r, _ := live.Find(zone.Key{Name: "noted.example.org.", Type: zone.A})
		return r
	}
	was := zoned()
	restored := func(name string) {
		t.Helper()
		c := providers.Change{After: &was}
		if live := zoned(); live.TTL != 0 {
			live.Members = nil
			c.Before = &live
		}
		if err := write(t, p, c); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := zoned(); !got.Equal(was) || !got.SameBeside(was) {
			t.Errorf("%s: %v with %+v, want %v with %+v", name, got, got.Members, was, was.Members)
		}
	}
	all := stored(t, s)
	restored("the same")
	wantLines(t, "stored", stored(t, s), all...) // the comment is still its author's
	patched(t, s, "noted.example.org.", "A", "192.0.2.45 192.0.2.46", "mine")
	restored("another comment")
	if err := write(t, p, providers.Change{Before: &was}); err != nil {
		t.Fatal(err)
	}
	restored("deleted")
	was.Members = []zone.Member{{}, {}}
	restored("no comment")
}

// A CNAME record that gives way leaves a disabled one beside it as it is, which
// somebody has put into the database.
func TestReplaceKeepsADisabledCNAME(t *testing.T) {
	s := start(t, exampleZone)
	s.SQL("INSERT INTO records (domain_id, name, type, content, ttl, disabled, auth)" +
		" SELECT id, 'alias.example.org', 'CNAME', 'spare.example.org', 300, 1, 1 FROM domains")
	c := change("", "alias.example.org. 60 A 192.0.2.8")
	c.Replaces = "www.example.org."
	if err := write(t, provider(t, config(s.API())), c); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range stored(t, s) {
		if strings.HasPrefix(line, "alias.") {
			got = append(got, line)
		}
	}
	wantLines(t, "stored", got, "alias.example.org. 300 CNAME spare.example.org. (disabled)", "alias.example.org. 60 A 192.0.2.8")
}

// What cannot be written is refused before anything is, and the change beside
// it with it.
func TestWriteRefused(t *testing.T) {
	s := start(t, exampleZone)
	patched(t, s, "off.example.org.", "A", "!192.0.2.5", "spare")
	patched(t, s, "part.example.org.", "A", "192.0.2.41 !192.0.2.42", "")
	p := provider(t, config(s.API()))
	was := stored(t, s)
	fine := change("", "fine.example.org. 60 A 192.0.2.1")
	moved := change("", "alias.example.org. 60 A 192.0.2.1")
	moved.Replaces = "elsewhere.example.org."
	for _, tt := range []struct {
		name    string
		change  providers.Change
		want    error
		refused string
	}{
		{name: "a disabled set, as nothing", change: change("", "off.example.org. 60 A 192.0.2.5"), want: providers.ErrForeign},
		{name: "a disabled set, as live", change: change("off.example.org. 300 A 192.0.2.5", ""), want: providers.ErrForeign},
		{name: "a deletion that would take disabled ones along", change: change("part.example.org. 300 A 192.0.2.41", ""), refused: "disabled records"},
		{name: "a disabled address as a precondition", change: change("part.example.org. 300 A 192.0.2.41 192.0.2.42", ""), want: providers.ErrConflict},
		{name: "another CNAME record to replace", change: moved, want: providers.ErrConflict},
		{name: "a CNAME record in the way", change: change("", "alias.example.org. 60 A 192.0.2.1"), refused: "CNAME record to www.example.org."},
		{name: "a name outside", change: change("", "www.example.net. 60 A 192.0.2.1"), refused: "outside the zone"},
		{name: "another family", change: change("", "six.example.org. 60 A 2001:db8::1"), refused: "2001:db8::1 is no address"},
		{name: "the same set twice", change: fine, refused: "two changes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := write(t, p, fine, tt.change)
			refused, ok := errors.AsType[*providers.RefusedError](err)
			switch {
			case tt.want != nil && !errors.Is(err, tt.want):
				t.Errorf("%v, want %v", err, tt.want)
			case tt.refused != "" && (!ok || !strings.Contains(refused.Reason, tt.refused) || refused.Culprit != tt.change.Key()):
				t.Errorf("%v, want a refusal that says %q", err, tt.refused)
			}
			wantLines(t, "stored", stored(t, s), was...)
		})
	}
}

// The server refuses one set of a batch: by the provider's own checks none gets
// there but a name that the API does not take.
func TestWriteIsAtomic(t *testing.T) {
	s := start(t, exampleZone)
	p := provider(t, config(s.API()))
	was := stored(t, s)
	for _, name := range []string{"a b", "ö@ö", "(", "a;b"} {
		bad := zone.RRset{Key: zone.Key{Name: zone.Canonical(name + ".example.org"), Type: zone.A}, TTL: 60, Addrs: set("h. 60 A 192.0.2.1").Addrs}
		changes := []providers.Change{
			change("www.example.org. 300 A 192.0.2.1 192.0.2.2", "www.example.org. 300 A 203.0.113.1"),
			change("mail.example.org. 3600 A 192.0.2.25", ""),
			{After: &bad},
			change("", "zz.example.org. 60 A 192.0.2.1"),
		}
		err := write(t, p, changes...)
		refused, ok := errors.AsType[*providers.RefusedError](err)
		if !ok || refused.Culprit != bad.Key || len(refused.Keys) != len(changes) || !strings.Contains(refused.Reason, "unsupported characters") {
			t.Errorf("%v, want a RefusedError about %s", err, bad.Key)
		}
		wantLines(t, "stored", stored(t, s), was...)
	}
}

// Everything of one write is one PATCH, also where CNAME records go.
func TestWriteTakesTwoRequests(t *testing.T) {
	s := start(t, exampleZone)
	front, asked := counted(t, s.API())
	p := provider(t, config(front))
	a, aaaa := change("", "alias.example.org. 60 A 192.0.2.1"), change("", "alias.example.org. 60 AAAA 2001:db8::1")
	a.Replaces, aaaa.Replaces = "www.example.org.", "www.example.org."
	changes := []providers.Change{a, change("mail.example.org. 3600 A 192.0.2.25", ""), aaaa}
	for i := range 500 {
		changes = append(changes, change("", fmt.Sprintf("h%d.example.org. 60 A 10.0.%d.%d", i, i>>8, i&255)))
	}
	receipt, err := p.Write(t.Context(), origin, changes)
	if err != nil || receipt.Requests != 2 || receipt.Accepted.IsZero() || !slices.Equal(asked(), []string{"GET", "PATCH"}) {
		t.Errorf("%+v, error %v", receipt, err)
	}
	again := []providers.Change{change("alias.example.org. 60 A 192.0.2.1", "alias.example.org. 60 A 192.0.2.1")}
	receipt, err = p.Write(t.Context(), origin, again)
	if err != nil || receipt.Requests != 1 || !slices.Equal(asked(), []string{"GET"}) {
		t.Errorf("what is there already: %+v, error %v", receipt, err)
	}
	if n := len(read(t, p).RRsets); n != 7-1+2+500 {
		t.Errorf("%d sets", n)
	}
}

// counted is a proxy before the server that tells which methods it saw since it
// was asked last.
func counted(t *testing.T, behind string) (front string, asked func() []string) {
	t.Helper()
	to, err := url.Parse(behind)
	if err != nil {
		t.Fatal(err)
	}
	methods := make(chan string, 1000)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		methods <- r.Method
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []string {
		var out []string
		for len(methods) > 0 {
			out = append(out, <-methods)
		}
		return out
	}
}

// PowerDNS takes changes of zones that it transfers from elsewhere, and loses
// them with the next transfer.
func TestWriteToASecondary(t *testing.T) {
	s := start(t, exampleZone)
	p := provider(t, config(s.API()))
	was := stored(t, s)
	for kind, ok := range map[string]bool{"Slave": false, "Consumer": false, "Master": true, "Producer": true, "Native": true} {
		api(t, s, http.MethodPut, "/example.org.", map[string]any{"kind": kind, "masters": []string{"192.0.2.1", "192.0.2.2"}})
		err := write(t, p, change("", "new.example.org. 60 A 192.0.2.1"))
		if ok {
			if err != nil {
				t.Errorf("%s: %v", kind, err)
			} else if err := write(t, p, change("new.example.org. 60 A 192.0.2.1", "")); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		} else if refused, is := errors.AsType[*providers.RefusedError](err); !is || !strings.Contains(refused.Reason, "192.0.2.1, 192.0.2.2") {
			t.Errorf("%s: %v, want a RefusedError that names the primaries", kind, err)
		}
		wantLines(t, kind, stored(t, s), was...)
		if len(read(t, p).RRsets) != 7 {
			t.Errorf("%s: read %v", kind, providertest.Sets(read(t, p)))
		}
	}
}

// PowerDNS hangs up on a request beyond webserver-max-bodysize, or answers 400.
func TestWriteTooLarge(t *testing.T) {
	s := start(t, exampleZone)
	p := provider(t, config(s.API()))
	was := stored(t, s)
	var changes []providers.Change
	for i := range 20000 {
		changes = append(changes, change("", fmt.Sprintf("h%d.a-rather-long-name.example.org. 60 A 10.0.%d.%d", i, i>>8, i&255)))
	}
	if err := write(t, p, changes...); err == nil || !strings.Contains(err.Error(), "webserver-max-bodysize") {
		t.Errorf("%.500v, want an error that says what to do", err)
	}
	wantLines(t, "stored", stored(t, s), was...)
}

func TestMappedAddresses(t *testing.T) {
	s := start(t, exampleZone)
	p := provider(t, config(s.API()))
	before, _ := read(t, p).Find(set("mapped.example.org. 300 AAAA").Key)
	after := before.Clone()
	after.Addrs = append(after.Addrs, set("h. 60 AAAA 2001:db8::7").Addrs...)
	if err := write(t, p, providers.Change{Before: &before, After: &after}); err != nil {
		t.Fatal(err)
	}
	if live, _ := read(t, p).Find(before.Key); !live.Equal(after) {
		t.Errorf("%v, want %v", live, after)
	}
	if !slices.Contains(stored(t, s), "mapped.example.org. 3600 AAAA ::ffff:192.0.2.7") {
		t.Errorf("%v", stored(t, s))
	}
}

// Why the API is used and not PowerDNS's dynamic updates, which compare and set:
// they drop the disabled records and the comments of a set that they change.
func TestDynamicUpdatesDropDisabled(t *testing.T) {
	s := start(t, exampleZone)
	was := stored(t, s)
	patched(t, s, "part.example.org.", "A", "192.0.2.41 !192.0.2.42", "first rack")
	s.Update("example.org", []string{"part A 192.0.2.41"}, []string{"part 60 A 192.0.2.43"})
	wantLines(t, "stored", stored(t, s), with(was, nil, []string{"part.example.org. 60 A 192.0.2.43"})...)
}

// Why a look for one RRset reads the whole zone.
func TestFilterHidesDisabled(t *testing.T) {
	s := start(t, exampleZone)
	patched(t, s, "part.example.org.", "A", "192.0.2.41 !192.0.2.42", "")
	body := string(api(t, s, http.MethodGet, "/example.org.?rrset_name=part.example.org.&rrset_type=A", nil))
	if !strings.Contains(body, "192.0.2.41") || strings.Contains(body, "192.0.2.42") {
		t.Errorf("PowerDNS filters differently now: %s", body)
	}
	if whole := string(api(t, s, http.MethodGet, "/example.org.", nil)); !strings.Contains(whole, "192.0.2.42") {
		t.Errorf("the zone lacks disabled records: %s", whole)
	}
}

// A write raises the serial where SOA-EDIT-API says so, which zones that are
// made over the API do and others do not.
func TestSerial(t *testing.T) {
	s := start(t, exampleZone)
	p := provider(t, config(s.API()))
	serial := func() uint32 { return s.Serial("example.org.") }
	if err := write(t, p, change("", "a.example.org. 60 A 192.0.2.1")); err != nil || serial() != 7 {
		t.Errorf("without SOA-EDIT-API: serial %d, error %v", serial(), err)
	}
	api(t, s, http.MethodPut, "/example.org.", map[string]any{"soa_edit_api": "INCREASE"})
	if err := write(t, p, change("", "b.example.org. 60 A 192.0.2.1")); err != nil || serial() != 8 {
		t.Errorf("with INCREASE: serial %d, error %v", serial(), err)
	}
}
