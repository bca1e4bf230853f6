package config

import (
	"os"
	"path/filepath"

	"github.com/dnsplan/dnsplan/plan/acme/cdn"
)

// RangesDir is the folder of the state folder in which lists of CDNs' address
// ranges lie that `dnsplan cdn update` has fetched.
const RangesDir = "cdn"

// Ranges are the address ranges of CDNs: those that came with the program, or
// newer ones of the state folder. What is damaged there is told by the errors, and
// counts for nothing.
func (s Settings) Ranges() (cdn.Ranges, []error) {
	return cdn.Load(os.DirFS(filepath.Join(s.StateDir, RangesDir)))
}
