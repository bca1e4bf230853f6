package journal

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
)

// crcMember opens the last member of a line; crcLen is that member's length
// with the comma before it and the brace behind it.
const (
	crcMember = `,"crc":"`
	crcLen    = len(crcMember) + 8 + len(`"}`)
)

var (
	errNoCRC    = errors.New("the line has no checksum at its end")
	errBadCRC   = errors.New("the checksum does not match the line")
	errNotEnded = errors.New("the line does not end in a newline")
)

// DamageError is a journal or change log that was changed after it was
// written: a line before the last one is bad, or a sequence number is missing
// or repeated. It is never repaired.
type DamageError struct {
	Path   string
	Line   int // from 1
	Reason string
	// Step is the last step of which the lines before tell; empty where they tell
	// of none.
	Step string
}

// Error names the line, and the step that the readable part ends in, and says
// what to do.
func (e *DamageError) Error() string {
	where := ""
	if e.Step != "" {
		where = fmt.Sprintf(" (what can be read ends in step %s)", e.Step)
	}
	return fmt.Sprintf("read %s: line %d: %s%s; the file was changed after it was written: "+
		"put a copy of it back, or move it away, look at what is live and make a new plan", e.Path, e.Line, e.Reason, where)
}

// marshal encodes v as one line of JSON without the newline. Angle brackets
// stay readable.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// encodeLine returns the line of e with its newline.
func encodeLine(e Event) ([]byte, error) {
	body, err := marshal(e)
	if err != nil {
		return nil, err
	}
	body = body[:len(body)-1]
	sum := checksum(body)
	return append(append(append(body, crcMember...), sum...), "\"}\n"...), nil
}

// checksum returns the CRC-32C of body in hexadecimal.
func checksum(body []byte) string {
	return fmt.Sprintf("%08x", crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
}

// decodeLine reads a line without its newline.
func decodeLine(line []byte) (Event, error) {
	cut := len(line) - crcLen
	if cut < 1 || !bytes.HasPrefix(line[cut:], []byte(crcMember)) || !bytes.HasSuffix(line, []byte(`"}`)) {
		return Event{}, errNoCRC
	}
	if string(line[cut+len(crcMember):len(line)-2]) != checksum(line[:cut]) {
		return Event{}, errBadCRC
	}
	var e Event
	if err := json.Unmarshal(line, &e); err != nil {
		return Event{}, fmt.Errorf("the line is no event: %w", err)
	}
	return e, nil
}

// reader parses a journal in one piece or, while it grows, in several.
type reader struct {
	path string
	line int // lines read so far
	seq  int // the last event's number
	step string
}

// batch is what a reader made of some bytes.
type batch struct {
	events []Event
	size   int   // bytes of the complete events
	tail   error // why the bytes behind them are no event; nil: there are none
}

// parse reads the events of b, which starts where the last batch ended. A bad
// last line is told in the batch's tail; anything else bad is a *DamageError.
func (r *reader) parse(b []byte) (batch, error) {
	var out batch
	for out.size < len(b) {
		line, rest, ended := bytes.Cut(b[out.size:], []byte("\n"))
		e, err := decodeLine(line)
		if !ended {
			err = errNotEnded
		}
		if err != nil {
			out.tail = err
			return out, r.judgeTail(line, rest, err)
		}
		if e.Seq != r.seq+1 {
			return out, r.damage(fmt.Sprintf("sequence number %d where %d is due", e.Seq, r.seq+1))
		}
		out.events = append(out.events, e)
		out.size += len(line) + 1
		r.seq, r.line, r.step = e.Seq, r.line+1, cmp.Or(e.Step, r.step)
	}
	return out, nil
}

// judgeTail tells a torn last line, for which it returns nil, from damage.
func (r *reader) judgeTail(line, rest []byte, why error) error {
	switch {
	case len(rest) > 0:
		return r.damage(why.Error())
	case holdsWholeEvent(line):
		return r.damage("two events run together")
	}
	return nil
}

func (r *reader) damage(reason string) error {
	return &DamageError{Path: r.path, Line: r.line + 1, Reason: reason, Step: r.step}
}

// holdsWholeEvent tells whether a bad line starts with a complete event that
// more than its own lost newline follows: the newline between two events, both
// acknowledged, was overwritten. Zeros behind an event are a torn write.
func holdsWholeEvent(line []byte) bool {
	for from := 0; ; {
		i := bytes.Index(line[from:], []byte(crcMember))
		if i < 0 {
			return false
		}
		from += i + 1
		end := from - 1 + crcLen
		if end > len(line) {
			return false
		}
		if _, err := decodeLine(line[:end]); err == nil {
			return len(bytes.Trim(line[end:], "\x00")) > 1
		}
	}
}
