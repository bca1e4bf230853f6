package journal

import (
	"bytes"
	"crypto/sha256"
	"fmt"
)

// sumMember opens the last member of a chained line; sumLen is that member's
// length with the comma before it and the brace behind it.
const (
	sumMember = `,"sha256":"`
	sumLen    = len(sumMember) + 2*sha256.Size + len(`"}`)
)

// Head is where the change log stood: its last entry. The zero Head is a log
// without chained entries.
type Head struct {
	Entries int    `json:"entries"`
	SHA256  string `json:"sha256"`
}

// seal numbers c as the entry behind the log's bytes and entries so far, and
// returns it with its line.
func seal(c Change, log []Change, before []byte) (Change, []byte, error) {
	c.Seq, c.Prev, c.SHA256 = len(log)+1, linkTo(log, before), ""
	body, err := marshal(c)
	if err != nil {
		return Change{}, nil, err
	}
	body = body[:len(body)-1]
	c.SHA256 = digest(body)
	return c, append(append(append(body, sumMember...), c.SHA256...), "\"}\n"...), nil
}

// linkTo is what the next entry has as its Prev: the last entry's hash. Behind
// entries of an older dnsplan, which have none, it is that of all their bytes,
// so that from then on they cannot be changed either.
func linkTo(log []Change, before []byte) string {
	if n := len(log); n > 0 && log[n-1].SHA256 != "" {
		return log[n-1].SHA256
	}
	return digest(before)
}

// headOf is where a log stands.
func headOf(log []Change) Head {
	if n := len(log); n > 0 && log[n-1].SHA256 != "" {
		return Head{Entries: n, SHA256: log[n-1].SHA256}
	}
	return Head{}
}

// sealedAs returns the hash that the line should end in; ok is false for a line
// that does not end in one.
func sealedAs(line []byte) (sum string, ok bool) {
	cut := len(line) - sumLen
	if cut < 1 || !bytes.HasPrefix(line[cut:], []byte(sumMember)) || !bytes.HasSuffix(line, []byte(`"}`)) {
		return "", false
	}
	return digest(line[:cut]), true
}

// checkLink tells what is wrong with an entry as the one behind log, whose bytes
// are before; it is empty when nothing is.
func checkLink(c Change, line []byte, log []Change, before []byte) string {
	due := len(log) + 1
	sum, ok := sealedAs(line)
	switch {
	case !ok && headOf(log) == (Head{}) && c.Seq == 0 && c.Prev == "" && c.SHA256 == "":
		return "" // of an older dnsplan, as those before it
	case !ok:
		return "the entry has no hash at its end, as every entry here must: it was edited or put in"
	case c.SHA256 != sum:
		return "the entry's hash does not fit it: it was edited"
	case c.Seq > due:
		return fmt.Sprintf("this is entry %d, and entry %d is due: entries were taken out or moved", c.Seq, due)
	case c.Seq < due:
		return fmt.Sprintf("this is entry %d, and entry %d is due: an entry was put in, repeated or moved", c.Seq, due)
	case c.Prev != linkTo(log, before):
		return "the entry does not follow those before it: one of them was replaced"
	}
	return ""
}
