package acme

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/plant"
)

// by has tokens placed by a command: a shell's lines, which have the folder of
// challenges in $dir and the token's name in $2.
func (s *site) by(script string) {
	s.t.Helper()
	dir := filepath.Join(s.root, ".well-known", "acme-challenge")
	file := filepath.Join(s.t.TempDir(), "place")
	text := "#!/bin/sh\ndir=" + dir + "\nmkdir -p $dir\n" + script + "\n"
	if err := os.WriteFile(file, []byte(text), 0o700); err != nil { //nolint:gosec // G306: it is run
		s.t.Fatal(err)
	}
	command := plant.Command([]string{"/bin/sh", file}, s.root, time.Minute)
	s.opts.Client = func(*Subject) Client { return Client{Planter: command} }
}

// Of a token that a command has placed nobody here knows where it is; it goes by its
// name.
func TestTokenThatACommandLeaves(t *testing.T) {
	s := newSite(t, "127.0.0.11")
	s.serve(0, s.files())
	s.by(`case $1 in plant) cat >$dir/$2 ;; remove) echo busy >&2; exit 1 ;; esac`)
	found := Examined(t.Context(), New(s.opts), []*Subject{s.subject}, Selection{Only: []string{"H-TOKEN"}}).Findings
	if len(found) != 2 || found[0].Outcome != Pass || found[1].Outcome != Fail {
		t.Fatalf("%+v; want a pass, and what is left", found)
	}
	left, err := os.ReadDir(filepath.Join(s.root, ".well-known", "acme-challenge"))
	if err != nil || len(left) != 1 {
		t.Fatalf("left %v (%v)", left, err)
	}
	Offers(t, found[1], "Remove it by hand; it tells nobody anything:\nthe token "+left[0].Name()+"\n")
}

// Where nobody says from which folder challenges are served, the lines for a server
// say that they guess.
func TestServerOfAnUnknownFolder(t *testing.T) {
	const guess = "root /var/www/html; # the webroot of your ACME client"
	s := newSite(t, "127.0.0.11")
	s.serve(0, http.NotFoundHandler())
	s.by(`case $1 in plant) cat >$dir/$2 ;; remove) rm -f $dir/$2 ;; esac`)
	Offers(t, s.only("H-TOKEN", Fail, "answered 404"), guess)
	s = newSite(t, "127.0.0.11")
	s.serve(0, answers(403, "text/plain", ""))
	s.opts.Client = nil
	Offers(t, s.only("H-PATH", Fail, "any path gives 403"), guess, "allow all;")
}
