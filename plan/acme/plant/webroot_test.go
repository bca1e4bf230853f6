package plant_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/plan/acme/http01"
	"github.com/dnsplan/dnsplan/plan/acme/plant"
)

const folder = ".well-known/acme-challenge"

func TestWebroot(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	dir := t.TempDir()
	p := plant.Webroot(dir, time.Now)
	for _, token := range []plant.Token{
		plant.NewToken(),
		{Name: "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA", Body: "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.thumb"},
	} {
		remove, err := p.Plant(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, token.Path())
		if body, err := os.ReadFile(path); err != nil || string(body) != token.Body {
			t.Errorf("body %q, %v", body, err)
		}
		wantMode(t, path, 0o644)
		wantMode(t, filepath.Dir(path), fs.ModeDir|0o755)
		wantMode(t, filepath.Join(dir, ".well-known"), fs.ModeDir|0o755)
		for range 2 { // it may be called again
			if err := remove(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if left := tree(t, dir); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestNewToken(t *testing.T) {
	a, b := plant.NewToken(), plant.NewToken()
	if a == b || len(a.Name) != 32 || len(a.Body) >= http01.MaxBody || !strings.HasPrefix(a.Body, a.Name+".") {
		t.Errorf("tokens %+v and %+v", a, b)
	}
	if a.Path() != "/.well-known/acme-challenge/"+a.Name {
		t.Errorf("path %s", a.Path())
	}
}

// What was there before stays, and what is somebody else's is never written over.
func TestWebrootLeavesOthersAlone(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, folder+"/theirs", "theirs")
	p := plant.Webroot(dir, time.Now)
	if _, err := p.Plant(t.Context(), plant.Token{Name: "theirs", Body: "ours"}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over another's: %v", err)
	}
	token := plant.NewToken()
	remove, err := p.Plant(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, token.Path())); err != nil {
		t.Fatal(err)
	}
	write(t, dir, folder+"/"+token.Name, "replaced")
	if err := remove(t.Context()); err == nil || !strings.Contains(err.Error(), "is not what was placed there") {
		t.Errorf("removal of another's: %v", err)
	}
	want := []string{folder + "/" + token.Name + " replaced", folder + "/theirs theirs"}
	if got := tree(t, dir); !equal(got, want) {
		t.Errorf("left: %v", got)
	}
}

// A folder that another token uses by now stays until it is empty.
func TestWebrootShared(t *testing.T) {
	dir := t.TempDir()
	p := plant.Webroot(dir, time.Now) // one planter, so that the last token takes the folders with it
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			token := plant.NewToken()
			err := plant.During(t.Context(), p, token, func(context.Context) error {
				body, err := os.ReadFile(filepath.Join(dir, token.Path()))
				if string(body) != token.Body {
					t.Errorf("body %q", body)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if left := tree(t, dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWebrootRefusesWaysOut(t *testing.T) {
	for name, link := range map[string]string{"the folder above": ".well-known", "the folder": folder} {
		t.Run(name, func(t *testing.T) {
			dir, outside := t.TempDir(), t.TempDir()
			if err := os.MkdirAll(filepath.Join(outside, "acme-challenge"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, link)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(outside, filepath.Join(dir, link)); err != nil {
				t.Fatal(err)
			}
			_, err := plant.Webroot(dir, time.Now).Plant(t.Context(), plant.NewToken())
			if err == nil || !strings.Contains(err.Error(), "escapes") {
				t.Errorf("error %v", err)
			}
			if got := tree(t, outside); len(got) > 0 {
				t.Errorf("outside: %v", got)
			}
		})
	}
	t.Run("the file", func(t *testing.T) {
		dir, outside := t.TempDir(), t.TempDir()
		write(t, dir, folder+"/x", "")
		token := plant.NewToken()
		if err := os.Symlink(filepath.Join(outside, "taken"), filepath.Join(dir, token.Path())); err != nil {
			t.Fatal(err)
		}
		if _, err := plant.Webroot(dir, time.Now).Plant(t.Context(), token); err == nil {
			t.Error("a link was followed")
		}
		if got := tree(t, outside); len(got) > 0 {
			t.Errorf("outside: %v", got)
		}
	})
}

func TestWebrootSweeps(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	for name, age := range map[string]time.Duration{
		"dnsplan-old": time.Hour, "dnsplan-young": 59 * time.Minute, "other-old": 100 * time.Hour,
		"dnsplan-of.order": 2 * time.Hour, "order": 2 * time.Hour,
	} {
		path := write(t, dir, folder+"/"+name, "")
		if err := os.Chtimes(path, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	err := plant.During(t.Context(), plant.Webroot(dir, func() time.Time { return now }), plant.NewToken(), func(context.Context) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tree(t, dir), []string{folder + "/dnsplan-young ", folder + "/other-old "}; !equal(got, want) {
		t.Errorf("left %v, want %v", got, want)
	}
}

func TestBadTokens(t *testing.T) {
	dir := t.TempDir()
	for _, token := range []plant.Token{
		{},
		{Name: "../x", Body: "x"},
		{Name: "a.b", Body: "x"},
		{Name: "$(reboot)", Body: "x"},
		{Name: "a b", Body: "x"},
		{Name: "a\nb", Body: "x"},
		{Name: "a", Body: ""},
		{Name: "a", Body: "two\nlines"},
		{Name: "a", Body: strings.Repeat("x", http01.MaxBody)},
		{Name: strings.Repeat("x", 129), Body: "x"},
	} {
		for _, p := range []plant.Planter{plant.Webroot(dir, time.Now), plant.Command([]string{"false"}, "", time.Minute), plant.Listen(loopback)} {
			if _, err := p.Plant(t.Context(), token); err == nil || !strings.HasPrefix(err.Error(), "token ") {
				t.Errorf("%s, %q: error %v", p, token, err)
			}
		}
	}
	if got := tree(t, dir); len(got) > 0 {
		t.Errorf("left: %v", got)
	}
}

func TestNoWebroot(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	_, err := plant.Webroot(missing, time.Now).Plant(t.Context(), plant.NewToken())
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "place token in webroot "+missing) {
		t.Errorf("error %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := plant.Webroot(t.TempDir(), time.Now).Plant(ctx, plant.NewToken()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// What was placed is taken away, and both errors are told.
func TestDuring(t *testing.T) {
	dir := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	token, mine := plant.NewToken(), errors.New("no answer")
	err := plant.During(ctx, plant.Webroot(dir, time.Now), token, func(context.Context) error {
		stop()
		return mine
	})
	if !errors.Is(err, mine) || len(tree(t, dir)) > 0 {
		t.Errorf("error %v, left %v", err, tree(t, dir))
	}
}

func wantMode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != want {
		t.Errorf("%s: mode %v, %v", path, info.Mode(), err)
	}
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// tree lists the files below dir with their text, in order; and folders only
// where there are no files.
func tree(t *testing.T, dir string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if path != dir && d != nil && d.Name() == ".well-known" && empty(path) {
				out = append(out, path)
			}
			return err
		}
		text, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out = append(out, rel+" "+string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func empty(dir string) bool {
	files, _ := filepath.Glob(filepath.Join(dir, "*", "*"))
	return len(files) == 0
}

func equal(a, b []string) bool { return strings.Join(a, "\n") == strings.Join(b, "\n") }
