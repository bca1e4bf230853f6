package zone

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// maxFileName leaves room in a file name of 255 bytes for a time, a suffix and
// an extension.
const maxFileName = 200

// FileName returns the file name by which locks and backups name a zone and a
// view: "example.org", "example.org@internal". Bytes outside letters, digits,
// hyphen, underscore and inner dots are written as %XX, so that different
// zones and views have different names and none leaves its folder. A name too
// long for a file system is cut and ends in a tilde and a hash of the whole.
func FileName(z Name, view string) string {
	name := escapeFileName(z.Display())
	if view != "" {
		name += "@" + escapeFileName(view)
	}
	if len(name) <= maxFileName {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return name[:maxFileName-33] + "~" + hex.EncodeToString(sum[:16])
}

func escapeFileName(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; isFileNameByte(c) && (c != '.' || i > 0) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}

func isFileNameByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', isDigit(c):
		return true
	}
	return c == '.' || c == '-' || c == '_'
}
