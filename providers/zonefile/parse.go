package zonefile

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// maxText is the largest file that positions of 32 bits can address.
const maxText = 1<<31 - 1

var (
	errTooLarge = errors.New("larger than 2 GiB")
	errNoData   = errors.New("no record in the file")
	errNoTTL    = errors.New("no TTL, and none before it")
	errNoType   = errors.New("line ends before the type")
	errNoSOA    = errors.New("no SOA record: this is no zone file")
	errTwoSOA   = errors.New("second SOA record")
	errOutside  = errors.New("outside the zone")
)

// Parse reads a master file's text as zone z, with the rules of this package,
// and returns the sorted snapshot. path is for errors alone. $INCLUDE is
// refused, as is a text without an SOA record. An error names path and line.
func Parse(ctx context.Context, z zone.Name, path, text string) (*zone.Snapshot, error) {
	d, err := parse(ctx, z, path, text, nil)
	if err != nil {
		return nil, err
	}
	return d.snapshot(), nil
}

// opener returns the text of an included file, and its whole path for errors.
type opener func(name string) (path, text string, err error)

// parser holds what all files of one zone share.
type parser struct {
	doc     *document
	names   names
	origins map[zone.Name]uint32 // their indices in doc
	open    opener               // nil: $INCLUDE is refused
	made    int                  // how many records $GENERATE has made
}

// frame is the state while one file, or the lines of one $GENERATE, are read.
type frame struct {
	scanner
	path     string
	src      source
	depth    int // of includes
	origin   zone.Name
	originID uint32
	owner    zone.Name // of the last record; empty before the first
	ownerTok string    // its token, and
	ownerAt  uint32    // the origin that it was resolved with
	dflt     ttlState  // $TTL
	last     ttlState  // the last TTL that was written
}

// ttlState is a TTL that may not be known yet.
type ttlState struct {
	ttl   zone.TTL
	known bool
}

// parse reads text as zone z.
func parse(ctx context.Context, z zone.Name, path, text string, open opener) (*document, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("%s: %w", path, errTooLarge)
	}
	d := &document{zone: z, text: text, sum: sha256Of(text), soa: -1, origins: []zone.Name{z}}
	d.entries = make([]entry, 0, strings.Count(text, "\n")+1)
	p := &parser{doc: d, origins: map[zone.Name]uint32{z: 0}, open: open}
	f := &frame{scanner: newScanner(text), path: path, origin: z}
	if err := p.read(ctx, f); err != nil {
		return nil, err
	}
	if len(d.entries) == 0 {
		return nil, fmt.Errorf("%s: %w", path, errNoData)
	}
	if d.soa < 0 {
		return nil, fmt.Errorf("%s: %w", path, errNoSOA)
	}
	d.finish()
	return d, nil
}

// sha256Of hashes a string without a copy of all of it.
func sha256Of(text string) (sum [sha256.Size]byte) {
	h := sha256.New()
	var buf [8 << 10]byte
	for len(text) > 0 {
		n := copy(buf[:], text)
		h.Write(buf[:n])
		text = text[n:]
	}
	h.Sum(sum[:0])
	return sum
}

// read takes in all entries of a file.
func (p *parser) read(ctx context.Context, f *frame) error {
	for n := 0; ; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return fmt.Errorf("%s: %w", f.path, context.Cause(ctx))
		}
		ok, err := f.next()
		if err == nil && !ok {
			return nil
		}
		if err == nil && len(f.toks) > 0 {
			err = p.entry(ctx, f)
		}
		if err != nil {
			return p.located(f, err)
		}
	}
}

// locatedError is an error that already names path and line.
type locatedError struct{ error }

// Unwrap returns the cause.
func (e locatedError) Unwrap() error { return e.error }

// located puts path and line in front of err, but for those of an included
// file, which names its own.
func (p *parser) located(f *frame, err error) error {
	if _, ok := errors.AsType[locatedError](err); ok {
		return err
	}
	return locatedError{fmt.Errorf("%s:%d: %w", f.path, f.first, err)}
}

// entry takes in one directive or record.
func (p *parser) entry(ctx context.Context, f *frame) error {
	if !f.inherits() && f.text[f.toks[0].pos] == '$' {
		return p.directive(ctx, f)
	}
	return p.record(f)
}

// record takes in one record: [owner] [TTL] [class] type data, TTL and class in
// either order (RFC 1035, section 5.1).
func (p *parser) record(f *frame) error {
	e := entry{
		start: uint32(f.start), end: uint32(f.pos),
		origin: f.originID, src: f.src, inherits: f.inherits(),
	}
	toks := f.toks
	if !e.inherits {
		if err := p.setOwner(f, toks[0]); err != nil {
			return err
		}
		toks = toks[1:]
	}
	if e.name = f.owner; e.name == "" {
		return errNoName
	}
	toks, err := header(f, toks, &e)
	if err != nil {
		return err
	}
	if e.typ = typeNumber(f.at(toks[0])); e.isAddress() {
		return p.address(f, e, toks)
	}
	return p.other(f, e, toks)
}

// setOwner makes the name that tok stands for the frame's owner.
func (p *parser) setOwner(f *frame, tok span) error {
	text := f.at(tok)
	if f.owner != "" && text == f.ownerTok && f.originID == f.ownerAt {
		return nil
	}
	name, err := p.names.resolve(text, f.origin)
	if err != nil {
		return err
	}
	if !name.IsSubdomainOf(p.doc.zone) {
		return fmt.Errorf("%s is %w %s", name, errOutside, p.doc.zone)
	}
	f.owner, f.ownerTok, f.ownerAt = name, text, f.originID
	return nil
}

// header reads TTL and class and returns the tokens from the type on.
func header(f *frame, toks []span, e *entry) ([]span, error) {
	if len(toks) == 0 {
		return nil, errNoType
	}
	e.ttlTok = span{toks[0].pos, toks[0].pos}
	var hasTTL, hasClass bool
	for ; len(toks) > 0; toks = toks[1:] {
		tok := f.at(toks[0])
		switch {
		case !hasTTL && isDigit(tok[0]):
			ttl, err := parseTTL(tok)
			if err != nil {
				return nil, err
			}
			e.ttl, e.ttlTok, hasTTL = ttl, toks[0], true
		case !hasClass && isClass(tok):
			if !isIN(tok) {
				return nil, fmt.Errorf("class %s: only IN is supported", tok)
			}
			hasClass = true
		default:
			f.setTTL(e, hasTTL)
			return toks, nil
		}
	}
	return nil, errNoType
}

// setTTL finds the TTL of a record that may have none of its own. Where nothing
// is known yet the caller decides: an SOA record has a MINIMUM.
func (f *frame) setTTL(e *entry, has bool) {
	switch {
	case has:
		f.last = ttlState{e.ttl, true}
	case f.dflt.known:
		e.ttl, e.ttlSrc = f.dflt.ttl, ttlDefault
	case f.last.known:
		e.ttl, e.ttlSrc = f.last.ttl, ttlLast
	default:
		e.ttlSrc = ttlNone
	}
}

func isIN(tok string) bool {
	return tok == "IN" || strings.EqualFold(tok, "IN") || strings.EqualFold(tok, "CLASS1")
}

// isClass knows the classes of RFC 1035, section 3.2.4 and RFC 3597, section 5.
func isClass(tok string) bool {
	switch len(tok) {
	case 2:
		return isIN(tok) || strings.EqualFold(tok, "CH") || strings.EqualFold(tok, "HS") || strings.EqualFold(tok, "CS")
	case 0, 1, 3, 4, 5:
		return false
	}
	return strings.EqualFold(tok[:5], "CLASS") && isDigit(tok[5])
}
