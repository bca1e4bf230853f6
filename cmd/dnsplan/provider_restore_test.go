package main

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dnsplan/dnsplan/inventory/backup"
	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

// Whatever a run and a person have done to a zone, its backup comes back, at every
// provider with a server to be had: the next backup is the first one.
func TestProviderRestore(t *testing.T) { everyVendor(t, thereAndBack) }

func thereAndBack(t *testing.T, v *vendor) {
	t.Helper()
	p := v.program(t, "direct", wanted)
	first := p.backup()
	v.move("198.51.100.7")
	p.run("apply", "--auto-approve").is(t, exitDone, "4 of 4 changes applied")
	p.restored(first)
}

// backup makes a backup and returns its file.
func (p *program) backup() string {
	p.t.Helper()
	before := p.glob(".dnsplan/backups/*.json")
	p.run("backup").is(p.t, exitDone)
	for _, f := range p.glob(".dnsplan/backups/*.json") {
		if !slices.Contains(before, f) {
			return p.path(f)
		}
	}
	p.t.Fatal("no backup")
	return ""
}

// restored restores a backup and compares the zone with it, but for ids and the
// serial of the SOA record.
func (p *program) restored(file string, args ...string) ended {
	p.t.Helper()
	got := p.run(append([]string{"restore", file, "--auto-approve"}, args...)...).is(p.t, exitDone, "applied after")
	if diff := cmp.Diff(p.held(file), p.held(p.backup()), cmpopts.EquateComparable(netip.Addr{}), cmpopts.EquateEmpty()); diff != "" {
		p.t.Errorf("restored (-was +is): %s", diff)
	}
	p.run("restore", file, "--auto-approve").is(p.t, exitDone, "No changes.")
	return got
}

func (p *program) held(file string) *zone.Snapshot {
	p.t.Helper()
	s, _, err := backup.Load(file)
	if err != nil {
		p.t.Fatal(err)
	}
	for i := range s.RRsets {
		for j := range s.RRsets[i].Members {
			s.RRsets[i].Members[j].ID = ""
		}
	}
	for i, r := range s.Others {
		if f := strings.Fields(r.Data); r.Type == "SOA" && len(f) == 7 {
			f[2] = "serial"
			s.Others[i].Data = strings.Join(f, " ")
		}
	}
	slices.SortStableFunc(s.Others, func(a, b zone.Record) int {
		return strings.Compare(string(a.Name)+a.Type+a.Data, string(b.Name)+b.Type+b.Data)
	})
	return s
}

// Comments, tags, the proxy and automatic TTLs come back. Comments alone are one
// batch of patches that say nothing else; what has no id any more is made anew.
func TestCloudflareRestore(t *testing.T) {
	v, s := newCloudflare(t)
	s.RemoveZone("example.org")
	s.AddZone(cloudflaretest.Zone{ID: "z1", Name: "example.org", Plan: "pro"})
	s.Put("example.org",
		cloudflaretest.Record{ID: "a1", Type: "A", Name: "www", Content: "192.0.2.1", TTL: 1, Proxied: true, Comment: "web", Tags: []string{"owner:ops"}},
		cloudflaretest.Record{ID: "a2", Type: "A", Name: "www", Content: "192.0.2.2", TTL: 1, Proxied: true},
		cloudflaretest.Record{ID: "a3", Type: "A", Name: "auto", Content: "192.0.2.3", TTL: 1, Comment: "automatic"},
		cloudflaretest.Record{ID: "a4", Type: "A", Name: "gone", Content: "192.0.2.4", TTL: 120, Comment: "to go", Tags: []string{"a:1", "b:2"}},
		cloudflaretest.Record{ID: "a5", Type: "TXT", Name: "www", Content: `"text"`, TTL: 60, Comment: "not ours"})
	p := v.program(t, "direct", "")
	first := p.backup()

	edit := func(change func(r *cloudflaretest.Record) bool) { s.Edit("example.org", change) }
	edit(func(r *cloudflaretest.Record) bool {
		if r.Type == "A" {
			r.Comment, r.Tags = "mine", nil
		}
		return true
	})
	s.ResetLog()
	p.restored(first).tells(t, exitDone, `comment of 192.0.2.1: "mine" -> "web"`, "tags of 192.0.2.1: none -> owner:ops", "3 of 3 changes applied")
	var batches []string
	for _, r := range s.Log() {
		if strings.HasSuffix(r.Path, "/batch") {
			batches = append(batches, r.Body)
		}
	}
	if len(batches) != 1 || strings.Contains(batches[0], "content") || strings.Contains(batches[0], "ttl") || strings.Contains(batches[0], "proxied") {
		t.Errorf("batches %q", batches)
	}

	edit(func(r *cloudflaretest.Record) bool {
		switch {
		case r.Name == "gone.example.org":
			return false
		case r.Name == "auto.example.org":
			r.TTL = 3600
		case r.Type == "A":
			r.Proxied, r.TTL, r.Comment = false, 60, "mine"
		}
		return true
	})
	s.Put("example.org", cloudflaretest.Record{Type: "AAAA", Name: "www", Content: "2001:db8::1", TTL: 60})
	p.restored(first).tells(t, exitDone, "4 of 4 changes applied")
	var ids []string
	for _, r := range s.Records("example.org") {
		ids = append(ids, r.ID)
	}
	if !slices.Contains(ids, "a1") || !slices.Contains(ids, "a3") || slices.Contains(ids, "a4") {
		t.Errorf("ids %q", ids)
	}
}

// The comment of a set comes back at a real PowerDNS, under the staged procedure
// too, where it takes no wait.
func TestPowerDNSRestoresComments(t *testing.T) {
	v, s := newPowerDNS(t, "powerdns")
	p := v.program(t, "staged", "")
	comment := func(text string) {
		t.Helper()
		body := fmt.Sprintf(`{"rrsets":[{"name":"old.example.org.","type":"A","ttl":3600,"changetype":"REPLACE",
			"records":[{"content":"192.0.2.9","disabled":false}],"comments":[{"content":%q,"account":"ops"}]}]}`, text)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, s.API()+"/api/v1/servers/localhost/zones/example.org.", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-API-Key", pdnsKey)
		reply, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := reply.Body.Close(); err != nil || reply.StatusCode != http.StatusNoContent {
			t.Fatal(reply.Status, err)
		}
	}
	comment("old rack")
	first := p.backup()
	comment("new rack")
	p.restored(first).tells(t, exitDone, `comment of 192.0.2.9: "new rack" -> "old rack"`, "1 of 1 change applied after 0s")
}
