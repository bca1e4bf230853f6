package caa

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dnsplan/dnsplan/plan/resolver"
)

// value is what an issue property says (RFC 8659, section 4.2).
type value struct {
	issuer string // empty: nobody
	params []param
	err    error // the parameters do not parse; issuer is set nevertheless
}

type param struct{ tag, text string }

// isTag compares tags, case aside (RFC 8659, section 4.1).
func isTag(c resolver.CAA, tag string) bool { return strings.EqualFold(c.Tag, tag) }

// blank are the characters that count as white space.
const blank = " \t"

var errTwice = errors.New("a parameter stands there twice")

// parse reads a value. A lone semicolon behind the issuer is nothing; one behind
// parameters is an error, as authorities have it.
func parse(s string) value {
	head, rest, _ := strings.Cut(s, ";")
	v := value{issuer: strings.Trim(head, blank)}
	if strings.Trim(rest, blank) == "" {
		return v
	}
	for part := range strings.SplitSeq(rest, ";") {
		tag, text, ok := strings.Cut(part, "=")
		p := param{strings.Trim(tag, blank), strings.Trim(text, blank)}
		if !ok || !all(p.tag, isAlnum) || !all(p.text, isGraph) {
			return value{issuer: v.issuer, err: fmt.Errorf("parameter %q: want tag=value", part)}
		}
		v.params = append(v.params, p)
	}
	return v
}

// one returns the text of a parameter that may stand there once.
func (v value) one(tag string) (text string, has bool, err error) {
	for _, p := range v.params {
		if p.tag != tag {
			continue
		}
		if has {
			return "", true, errTwice
		}
		text, has = p.text, true
	}
	return text, has, nil
}

func all(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if !is(s[i]) {
			return false
		}
	}
	return true
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

func isGraph(c byte) bool { return '!' <= c && c <= '~' && c != ';' }
