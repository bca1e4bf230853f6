package zonefile

import (
	"errors"
	"strings"
)

// Classes of bytes, as RFC 1035, section 5.1 gives them a meaning.
const (
	plainByte = iota
	spaceByte
	newlineByte
	commentByte
	openByte
	closeByte
	quoteByte
	escapeByte
)

// classOf gives the class of a byte. A lone CR counts as a blank, so that CRLF
// needs no care.
var classOf = [256]uint8{
	' ': spaceByte, '\t': spaceByte, '\r': spaceByte,
	'\n': newlineByte,
	';':  commentByte,
	'(':  openByte, ')': closeByte,
	'"': quoteByte, '\\': escapeByte,
}

var (
	errOpenParen  = errors.New("parenthesis is not closed")
	errCloseParen = errors.New("closing parenthesis without an opening one")
	errOpenQuote  = errors.New("quote is not closed on its line")
	errEscape     = errors.New("backslash at the end of a line")
)

// span is a piece of the text: the bytes from pos up to end.
type span struct{ pos, end uint32 }

// scanner splits a master file into entries: lines, or several lines that
// parentheses hold together.
type scanner struct {
	text string
	pos  int // the next byte
	line int // of pos, from 1

	// The entry that next found.
	start int    // its first byte
	first int    // its first line
	toks  []span // reused
}

const byteOrderMark = "\uFEFF"

func newScanner(text string) scanner {
	s := scanner{text: text, line: 1}
	if strings.HasPrefix(text, byteOrderMark) {
		s.pos = len(byteOrderMark)
	}
	return s
}

// next reads one entry; toks is empty for a blank line. ok is false at the end
// of the text.
func (s *scanner) next() (ok bool, err error) {
	s.toks = s.toks[:0]
	s.start, s.first = s.pos, s.line
	if s.pos >= len(s.text) {
		return false, nil
	}
	depth := 0
	for s.pos < len(s.text) {
		switch classOf[s.text[s.pos]] {
		case spaceByte:
			s.pos++
		case newlineByte:
			s.pos++
			s.line++
			if depth == 0 {
				return true, nil
			}
		case commentByte:
			s.skipComment()
		case openByte:
			s.pos++
			depth++
		case closeByte:
			s.pos++
			if depth--; depth < 0 {
				return false, errCloseParen
			}
		default:
			if err := s.token(); err != nil {
				return false, err
			}
		}
	}
	if depth > 0 {
		return false, errOpenParen
	}
	return true, nil
}

// skipComment goes to the newline, which is not part of the comment.
func (s *scanner) skipComment() {
	if i := strings.IndexByte(s.text[s.pos:], '\n'); i >= 0 {
		s.pos += i
		return
	}
	s.pos = len(s.text)
}

// token reads one token, quotes and escapes included as they stand.
func (s *scanner) token() error {
	text, i := s.text, s.pos
	for i < len(text) {
		switch classOf[text[i]] {
		case plainByte:
			i++
			continue
		case quoteByte:
			end := closingQuote(text, i+1)
			if end < 0 {
				return errOpenQuote
			}
			i = end + 1
			continue
		case escapeByte:
			if i+1 >= len(text) || text[i+1] == '\n' || text[i+1] == '\r' {
				return errEscape
			}
			i += 2
			continue
		}
		break
	}
	s.toks = append(s.toks, span{uint32(s.pos), uint32(i)})
	s.pos = i
	return nil
}

// closingQuote returns where the string that starts at i ends; -1 when it does
// not end on its line.
func closingQuote(text string, i int) int {
	for ; i < len(text); i++ {
		switch text[i] {
		case '"':
			return i
		case '\n':
			return -1
		case '\\':
			if i++; i < len(text) && text[i] == '\n' {
				return -1
			}
		}
	}
	return -1
}

// at returns the text of a span.
func (s *scanner) at(t span) string { return s.text[t.pos:t.end] }

// inherits tells whether the entry starts with a blank: its owner name is that
// of the record before it.
func (s *scanner) inherits() bool { return classOf[s.text[s.start]] == spaceByte }
