package vantage

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxWords is how much of a vantage's own words is kept, in bytes.
const maxWords = 300

// readReply reads what a vantage has answered to r. It is an error where that is
// not of the form, does not fit together, or says that the request was refused.
func readReply(text []byte, r Request) (Reply, error) {
	var v Reply
	switch err := json.Unmarshal(text, &v); {
	case len(text) > MaxReply:
		return Reply{}, fmt.Errorf("its reply has more than %d bytes", MaxReply)
	case len(text) == 0:
		return Reply{}, errors.New("its reply is empty")
	case err != nil:
		return Reply{}, errors.New("its reply is no JSON of the form")
	case v.Version != Version:
		return Reply{}, fmt.Errorf("its reply is of version %d of the form; this is version %d", v.Version, Version)
	}
	v.clean()
	switch {
	case v.Error != nil && v.Error.Kind == KindRefused:
		return Reply{}, fmt.Errorf("%w: %s", ErrRefused, v.Error.Detail)
	case v.OK != (v.Error == nil):
		return Reply{}, errors.New("its reply contradicts itself: ok, and why not")
	case v.OK && v.Status != http.StatusOK:
		return Reply{}, fmt.Errorf("its reply contradicts itself: ok, with status %d", v.Status)
	case v.OK && r.Expect != "" && strings.TrimRightFunc(v.Body, unicode.IsSpace) != strings.TrimRightFunc(clip(r.Expect, MaxBody), unicode.IsSpace):
		return Reply{}, errors.New("its reply contradicts itself: ok, with a body that was not expected")
	}
	return v, nil
}

// clean takes out of a vantage's words what could harm a terminal, and cuts what
// is too long. The body stays as it came: print it with %q.
func (v *Reply) clean() {
	v.Vantage = plain(v.Vantage)
	v.Body = clip(v.Body, MaxBody)
	for i, u := range v.URLs {
		v.URLs[i] = plain(u)
	}
	header := make(map[string]string, len(v.Header))
	for name, value := range v.Header {
		header[http.CanonicalHeaderKey(plain(name))] = plain(value)
	}
	v.Header = header
	if v.Error != nil {
		v.Error = &Failure{Kind(plain(string(v.Error.Kind))), plain(v.Error.Problem), plain(v.Error.Detail)}
	}
}

// plain is one line of printable text.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(clip(s, maxWords))
}

// clip cuts s to n bytes, and not within a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
