package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

// comment has someone edit the comments of records, by id.
func (r *windowRig) comment(edits map[string]string) {
	r.fake.Edit("example.org", func(x *cloudflaretest.Record) bool {
		if edit, ok := edits[x.ID]; ok {
			x.Comment = strings.ReplaceAll(edit, "%s", x.Comment)
		}
		return true
	})
}

// comments are those of the records, by id.
func (r *windowRig) comments() map[string]string {
	out := map[string]string{}
	for _, x := range r.fake.Records("example.org") {
		out[x.ID] = x.Comment
	}
	return out
}

// editedOnce has someone edit comments once the window has a run: between what its
// plan has seen, and the write that opens it.
func (r *windowRig) editedOnce(edits map[string]string) {
	var once sync.Once
	r.serve(func(w http.ResponseWriter, q *http.Request) {
		if plans, _ := filepath.Glob(r.path(".dnsplan/runs/*/plan.json")); len(plans) > 0 {
			once.Do(func() { r.comment(edits) })
		}
		r.fake.ServeHTTP(w, q)
	})
}

// A comment is whose it is: the marker stands beside what someone has written since the
// plan, and is all that is taken out of it again, whoever closes the window.
func TestWindowKeepsComments(t *testing.T) {
	t.Parallel()
	for name, closes := range map[string]func(r *windowRig, p *windowProcess){
		"the process": func(r *windowRig, p *windowProcess) {
			r.commandStops()
			p.wait().is(r.t, 128+int(syscall.SIGKILL), "proxied again")
		},
		"the guard": func(r *windowRig, p *windowProcess) {
			r.kill(p.Process.Pid, syscall.SIGKILL)
			r.markGoes()
		},
		"recover": func(r *windowRig, p *windowProcess) {
			r.abandon(p)
			r.run("recover").is(r.t, exitDone, "proxied again")
		},
		"another machine": func(r *windowRig, p *windowProcess) {
			r.run("recover", "--scan-zone", "example.org", "--now", "--state-dir", "other").is(r.t, exitDone, "2 of 2 changes applied")
			r.commandStops()
			_ = p.wait()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newWindowRig(t)
			r.editedOnce(map[string]string{"a1": "rack 8", "a2": "rack 9"})
			p := r.opened()
			was := r.comments()
			for id, want := range map[string]string{"a1": "rack 8", "a2": "rack 9"} {
				if mark, rest, ok := plan.ParseMarker(was[id]); !ok || rest != want || mark.Until.Sub(r.deadline()).Abs() >= time.Second {
					t.Errorf("comment %q, want %q and the deadline %s", was[id], want, r.deadline())
				}
			}
			r.comment(map[string]string{"a1": "first, %s, last", "a2": "new"})
			closes(r, p)
			eventually(t, "the window closes", func() bool { return r.toggles() == "off on" })
			eventually(t, "the comments are people's", func() bool { return r.comments()["a1"] == "first, rack 8, last" })
			for _, x := range r.fake.Records("example.org") {
				if want := map[string]string{"a1": "first, rack 8, last", "a2": "new"}[x.ID]; x.Comment != want || x.Proxied != (x.ID != "a3") {
					t.Errorf("live is %+v, want the comment %q", x, want)
				}
			}
			if got := r.toggles(); got != "off on" {
				t.Errorf("toggled %q", got)
			}
		})
	}
}

// deadline is that of the open window, as its mark has it.
func (r *windowRig) deadline() time.Time {
	r.t.Helper()
	open, err := journal.OpenWindows(r.path(".dnsplan"))
	if err != nil || len(open) != 1 {
		r.t.Fatalf("%+v, %v", open, err)
	}
	return open[0].Deadline
}

// What puts back, or brings back, addresses at a name waits for its window: another
// machine sees that by the marker.
func TestWindowHoldsThePast(t *testing.T) {
	t.Parallel()
	r := newWindowRig(t)
	r.run("backup", "--state-dir", "other").is(t, exitDone)
	copies, err := filepath.Glob(r.path("other/backups/*.json"))
	if err != nil || len(copies) != 1 {
		t.Fatalf("%v, %v", copies, err)
	}
	p := r.opened()
	r.run("restore", copies[0], "--auto-approve", "--state-dir", "other").is(t, exitRefused, "an issuance window of run")
	r.run("restore", copies[0], "www.example.org", "-o", "back.plan", "--state-dir", "other").is(t, exitDone, "has the proxy off until")
	if got := r.toggles(); got != "off" {
		t.Errorf("written: %q", got)
	}
	r.commandStops()
	p.wait().is(t, 128+int(syscall.SIGKILL), "proxied again")
	r.closedOnce()
}
