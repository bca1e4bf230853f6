package dnsd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/dnsplan/dnsplan/providers/providertest/needs"
)

// Freeze has a server hold all its zones as they are, and go on answering, until
// Thaw: into Knot neither transfers nor updates come; BIND, which needs Control,
// refuses updates (REFUSED, signed).
func (s *Server) Freeze() {
	s.tb.Helper()
	if s.rndc.IsValid() {
		s.runRNDC("freeze")
		return
	}
	s.mustControl("freeze")
	s.knotc("zone-freeze")
}

// Thaw undoes Freeze. A secondary asks its primary at once; BIND may take a moment
// to read its files before it takes updates.
func (s *Server) Thaw() {
	s.tb.Helper()
	if s.rndc.IsValid() {
		s.runRNDC("thaw")
		return
	}
	s.mustControl("thaw")
	s.knotc("zone-thaw")
	s.knotc("zone-refresh")
}

func (s *Server) mustControl(verb string) {
	s.tb.Helper()
	if s.control == "" {
		s.tb.Fatalf("%s cannot %s: only Knot can, and BIND with Control", s.program, verb)
	}
}

// rndcTries is how often BIND is given an order. A control channel is sometimes reset
// while updates come in, and an order that has been carried out may be given again.
const rndcTries = 5

// runRNDC gives BIND an order over its control channel.
func (s *Server) runRNDC(command string) {
	s.tb.Helper()
	key := s.writeOnce("rndc.key", fmt.Sprintf("key %q { algorithm %s; secret %q; };\n", s.Key.Name, s.Key.Algorithm, s.Key.Secret))
	rndc := needs.Program(s.tb, "rndc", "bind9-utils")
	for try := 1; ; try++ {
		c := exec.CommandContext(s.tb.Context(), rndc, "-k", key,
			"-s", s.rndc.Addr().String(), "-p", strconv.Itoa(int(s.rndc.Port())), command)
		out, err := c.CombinedOutput()
		if err == nil {
			return
		}
		if try == rndcTries || !strings.Contains(string(out), "connection reset") {
			s.tb.Fatalf("%s: %v: %s", strings.Join(c.Args, " "), err, out)
		}
	}
}

// order runs a program that tells the server what to do.
func (s *Server) order(c *exec.Cmd) {
	s.tb.Helper()
	if out, err := c.CombinedOutput(); err != nil {
		s.tb.Fatalf("%s: %v: %s", strings.Join(c.Args, " "), err, out)
	}
}

// BreakJournals puts folders in place of the journals of a BIND primary, which can
// write no change then: it takes back what an update has begun, and answers
// SERVFAIL, signed. The function that it returns puts the journals back; call it
// once.
func (s *Server) BreakJournals() (mend func()) {
	s.tb.Helper()
	var errs []error
	for i := range s.zones {
		path := s.journal(i)
		err := os.Rename(path, path+".aside")
		if errors.Is(err, fs.ErrNotExist) { // there has been no update yet
			err = nil
		}
		errs = append(errs, err, os.Mkdir(path, 0o700))
	}
	if err := errors.Join(errs...); err != nil {
		s.tb.Errorf("break the journals of %s: %v", s.program, err)
	}
	return s.mendJournals
}

func (s *Server) mendJournals() {
	s.tb.Helper()
	for i := range s.zones {
		path := s.journal(i)
		if err := os.Remove(path); err != nil {
			s.tb.Errorf("mend a journal of %s: %v", s.program, err)
		}
		if err := os.Rename(path+".aside", path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.tb.Errorf("mend a journal of %s: %v", s.program, err)
		}
	}
}

func (s *Server) journal(i int) string { return filepath.Join(s.dir, zoneFile(i)) + ".jnl" }
