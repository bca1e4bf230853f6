package route53test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	sdk "github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// breaches returns what a request has against the model. The order of elements
// is none: the protocol has none, and AWS's own SDK sends them by their names.
func (m *model) breaches(method, path, query string, body []byte) []string {
	name, labels := m.operation(method, path)
	if name == "" {
		return []string{"no such operation"}
	}
	input := m.Operations[name].Input
	values, err := url.ParseQuery(query)
	if err != nil {
		return []string{err.Error()}
	}
	all := m.query(input.Shape, values)
	all = append(all, m.labels(input.Shape, labels)...)
	return append(all, m.body(input, body)...)
}

// in returns the members of a structure at a location, by their names there.
func (m *model) in(structure, location string) map[string]member {
	at := map[string]member{}
	for name, use := range m.Shapes[structure].Members {
		if use.Location == location {
			at[use.named(name)] = use
		}
	}
	return at
}

// named is the member's name on the wire.
func (use member) named(name string) string {
	if use.LocationName != "" {
		return use.LocationName
	}
	return name
}

// needs returns the names on the wire of what a structure requires at a location.
func (m *model) needs(structure, location string) []string {
	var names []string
	for _, name := range m.Shapes[structure].Required {
		if use := m.Shapes[structure].Members[name]; use.Location == location {
			names = append(names, use.named(name))
		}
	}
	return names
}

func (m *model) query(structure string, values url.Values) (all []string) {
	known := m.in(structure, "querystring")
	for _, name := range slices.Sorted(maps.Keys(values)) {
		use, ok := known[name]
		switch {
		case !ok:
			all = append(all, fmt.Sprintf("query: unknown parameter %q", name))
		case len(values[name]) > 1:
			all = append(all, fmt.Sprintf("query: %q twice", name))
		default:
			all = append(all, m.scalar("query: "+name, use.Shape, values.Get(name))...)
		}
	}
	for _, name := range m.needs(structure, "querystring") {
		if !values.Has(name) {
			all = append(all, fmt.Sprintf("query: no %q", name))
		}
	}
	return all
}

func (m *model) labels(structure string, labels map[string]string) (all []string) {
	known := m.in(structure, "uri")
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		value, err := url.PathUnescape(labels[name])
		if err != nil {
			return append(all, err.Error())
		}
		all = append(all, m.scalar("path: "+name, known[name].Shape, value)...)
	}
	return all
}

func (m *model) body(input member, body []byte) []string {
	if input.LocationName == "" {
		if len(body) > 0 {
			return []string{"a body, where there is none"}
		}
		return nil
	}
	root, err := parseXML(body)
	switch {
	case err != nil:
		return []string{"body: " + err.Error()}
	case root.name.Local != input.LocationName:
		return []string{fmt.Sprintf("body: document %q, want %q", root.name.Local, input.LocationName)}
	}
	all := root.foreign(input.XMLNamespace.URI)
	return append(all, m.element(input.LocationName, input.Shape, root)...)
}

// element checks an element and all below it.
func (m *model) element(path, name string, e *element) []string {
	switch s, ok := m.Shapes[name]; {
	case !ok:
		return []string{path + ": no shape " + name}
	case s.Type == "structure":
		return append(e.noText(path), m.structure(path, name, e)...)
	case s.Type == "list":
		return append(e.noText(path), m.list(path, s, e)...)
	case len(e.children) > 0:
		return []string{path + ": elements in place of a value"}
	}
	return m.scalar(path, name, e.text)
}

func (m *model) structure(path, name string, e *element) (all []string) {
	known, seen := m.in(name, ""), map[string]bool{}
	for _, c := range e.children {
		use, ok := known[c.name.Local]
		switch {
		case !ok:
			all = append(all, fmt.Sprintf("%s: unknown element %q", path, c.name.Local))
		case seen[c.name.Local]:
			all = append(all, fmt.Sprintf("%s: %q twice", path, c.name.Local))
		default:
			all = append(all, m.element(path+"/"+c.name.Local, use.Shape, c)...)
		}
		seen[c.name.Local] = true
	}
	for _, need := range m.needs(name, "") {
		if !seen[need] {
			all = append(all, fmt.Sprintf("%s: no %q", path, need))
		}
	}
	return all
}

func (m *model) list(path string, s shape, e *element) []string {
	all := s.bound(path, int64(len(e.children)), "items")
	want := s.Member.named("member")
	for i, c := range e.children {
		if c.name.Local != want {
			all = append(all, fmt.Sprintf("%s: %q in a list of %q", path, c.name.Local, want))
			continue
		}
		all = append(all, m.element(fmt.Sprintf("%s/%s[%d]", path, want, i+1), s.Member.Shape, c)...)
	}
	return all
}

// scalar checks a value against its shape, and the shape against what is known
// here, so that nothing passes because it was not understood.
func (m *model) scalar(path, name, value string) []string {
	s := m.Shapes[name]
	switch s.Type {
	case "string":
		all := s.bound(path, int64(utf8.RuneCountInString(value)), "characters")
		return append(all, s.allows(path, name, value)...)
	case "integer", "long":
		n, err := strconv.ParseInt(value, 10, map[string]int{"integer": 32, "long": 64}[s.Type])
		if err != nil {
			return []string{path + ": " + err.Error()}
		}
		return s.bound(path, n, "")
	case "boolean":
		if value != "true" && value != "false" {
			return []string{fmt.Sprintf("%s: %q is no boolean", path, value)}
		}
		return nil
	}
	return []string{fmt.Sprintf("%s: shape %q is of type %q, which is not checked here", path, name, s.Type)}
}

func (s shape) bound(path string, n int64, unit string) []string {
	if s.Min != nil && n < *s.Min || s.Max != nil && n > *s.Max {
		return []string{strings.TrimSpace(fmt.Sprintf("%s: out of bounds: %d %s", path, n, unit))}
	}
	return nil
}

func (s shape) allows(path, name, value string) (all []string) {
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, value) && !isNewer(name, value) {
		all = append(all, fmt.Sprintf("%s: %q is none of %s", path, value, strings.Join(s.Enum, ", ")))
	}
	if s.Pattern != "" && !regexp.MustCompile(`^(?:`+s.Pattern+`)$`).MatchString(value) {
		all = append(all, fmt.Sprintf("%s: %q does not match %s", path, value, s.Pattern))
	}
	return all
}

// isNewer tells whether a type of records came after the last release of the SDK
// for Go 1: HTTPS, SSHFP, SVCB, TLSA. The SDK for Go 2 knows them from the model
// of today, which it does not ship.
func isNewer(shape, value string) bool {
	return shape == "RRType" && slices.Contains(sdk.RRType("").Values(), sdk.RRType(value))
}

// element is one of a document.
type element struct {
	name     xml.Name
	attrs    []xml.Attr
	text     string
	children []*element
}

// parseXML reads one document.
func parseXML(text []byte) (*element, error) {
	top := &element{}
	open := []*element{top}
	for d := xml.NewDecoder(bytes.NewReader(text)); ; {
		token, err := d.Token()
		last := open[len(open)-1]
		switch {
		case errors.Is(err, io.EOF) && len(top.children) == 1:
			return top.children[0], nil
		case err != nil:
			return nil, fmt.Errorf("no document: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := &element{name: token.Name, attrs: token.Attr}
			last.children = append(last.children, e)
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			last.text += string(token)
		}
	}
}

// foreign returns the elements and attributes that are not of the namespace.
func (e *element) foreign(namespace string) (all []string) {
	if e.name.Space != namespace {
		return []string{fmt.Sprintf("body: %s is of namespace %q", e.name.Local, e.name.Space)}
	}
	for _, a := range e.attrs {
		if a.Name.Local != "xmlns" {
			all = append(all, fmt.Sprintf("body: unknown attribute %q", a.Name.Local))
		}
	}
	for _, c := range e.children {
		all = append(all, c.foreign(namespace)...)
	}
	return all
}

func (e *element) noText(path string) []string {
	if text := strings.TrimSpace(e.text); text != "" {
		return []string{fmt.Sprintf("%s: text %q beside elements", path, text)}
	}
	return nil
}
