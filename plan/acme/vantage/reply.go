package vantage

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dnsplan/dnsplan/plan/acme/program"
)

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
	v.Vantage = program.Plain(v.Vantage)
	v.Body = clip(v.Body, MaxBody)
	v.Address = v.Address.WithZone("") // a zone may be any text
	for i, a := range v.Addresses {
		v.Addresses[i] = a.WithZone("")
	}
	for i, u := range v.URLs {
		v.URLs[i] = program.Plain(u)
	}
	header := make(map[string]string, len(v.Header))
	for name, value := range v.Header {
		header[http.CanonicalHeaderKey(program.Plain(name))] = program.Plain(value)
	}
	v.Header = header
	if v.Error != nil {
		v.Error = &Failure{Kind(program.Plain(string(v.Error.Kind))), program.Plain(v.Error.Problem), program.Plain(v.Error.Detail)}
	}
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
