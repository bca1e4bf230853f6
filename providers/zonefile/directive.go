package zonefile

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Bounds that stop a file that includes itself.
const (
	maxIncludeDepth = 16
	maxIncludes     = 1000
)

var (
	errDirective   = errors.New("unknown directive")
	errArguments   = errors.New("wrong number of arguments")
	errNoIncludes  = errors.New("included files cannot be read here")
	errDeepInclude = errors.New("too many included files, one may include itself")
)

// directive carries out a line that starts with a dollar sign.
func (p *parser) directive(ctx context.Context, f *frame) error {
	word, args := f.at(f.toks[0]), f.toks[1:]
	var err error
	switch strings.ToUpper(word) {
	case "$ORIGIN":
		err = p.setOrigin(f, args)
	case "$TTL":
		err = setDefaultTTL(f, args)
	case "$INCLUDE":
		err = p.include(ctx, f, args)
	case "$GENERATE":
		err = p.generate(ctx, f, args)
	default:
		err = errDirective
	}
	if err != nil {
		return fmt.Errorf("%s: %w", word, err)
	}
	return nil
}

// setOrigin carries out $ORIGIN (RFC 1035, section 5.1).
func (p *parser) setOrigin(f *frame, args []span) error {
	if len(args) != 1 {
		return errArguments
	}
	name, err := p.names.resolve(f.at(args[0]), f.origin)
	if err != nil {
		return err
	}
	f.origin, f.originID = name, p.originID(name)
	return nil
}

// originID returns the index of name among the document's origins.
func (p *parser) originID(name zone.Name) uint32 {
	id, ok := p.origins[name]
	if !ok {
		id = uint32(len(p.doc.origins))
		p.origins[name] = id
		p.doc.origins = append(p.doc.origins, name)
	}
	return id
}

// setDefaultTTL carries out $TTL (RFC 2308, section 4).
func setDefaultTTL(f *frame, args []span) error {
	if len(args) != 1 {
		return errArguments
	}
	ttl, err := parseTTL(f.at(args[0]))
	if err != nil {
		return err
	}
	f.dflt = ttlState{ttl, true}
	return nil
}

// include reads another file, with an origin of its own where one is given.
// The state of f does not change (RFC 1035, section 5.1).
func (p *parser) include(ctx context.Context, f *frame, args []span) error {
	if len(args) < 1 || len(args) > 2 {
		return errArguments
	}
	if p.open == nil {
		return errNoIncludes
	}
	if f.depth >= maxIncludeDepth || len(p.doc.includes) >= maxIncludes {
		return errDeepInclude
	}
	sub := &frame{src: included, depth: f.depth + 1, origin: f.origin, originID: f.originID, dflt: f.dflt, last: f.last}
	if len(args) == 2 {
		name, err := p.names.resolve(f.at(args[1]), f.origin)
		if err != nil {
			return err
		}
		sub.origin, sub.originID = name, p.originID(name)
	}
	name := strings.Trim(f.at(args[0]), `"`)
	path, text, err := p.open(name)
	if err != nil {
		return err
	}
	p.doc.includes = append(p.doc.includes, fileSum{name, sha256Of(text)})
	sub.path = path
	sub.scanner = newScanner(text)
	return p.read(ctx, sub)
}
