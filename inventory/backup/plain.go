package backup

import (
	"regexp"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// maxHeadLines is how far into a zone file Head looks.
const maxHeadLines = 32

var headLine = regexp.MustCompile(`^; dnsplan backup of (\S+?)(?:, view ([^,]+))?, taken `)

// Head tells which zone a zone file is of, and the view where Save has written
// it. It looks at Save's first line, else at an absolute $ORIGIN near the start;
// empty where there is neither.
func Head(text string) (z zone.Name, view string) {
	n := 0
	for line := range strings.Lines(text) {
		if n++; n > maxHeadLines {
			break
		}
		if m := headLine.FindStringSubmatch(line); m != nil && n == 1 {
			if name, err := zone.ParseName(m[1]); err == nil {
				return name, m[2]
			}
		}
		f := strings.Fields(line)
		if len(f) < 2 || !strings.EqualFold(f[0], "$ORIGIN") || !strings.HasSuffix(f[1], ".") {
			continue
		}
		if name, err := zone.ParseName(f[1]); err == nil {
			return name, ""
		}
	}
	return "", ""
}
