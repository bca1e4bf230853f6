package zonefile

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxGenerated bounds the records that all $GENERATE lines of a zone make.
const maxGenerated = 1 << 18

var (
	errRange    = errors.New("range is not START-STOP or START-STOP/STEP")
	errModifier = errors.New("modifier is not ${OFFSET,WIDTH,BASE}")
	errTooMany  = errors.New("more than 262144 records generated")
)

// steps is the range of a $GENERATE.
type steps struct{ from, to, by uint64 }

// generate makes the records of BIND's $GENERATE range owner [TTL] [class] type
// data (BIND 9 Administrator Reference Manual, "BIND Primary File Extension").
func (p *parser) generate(ctx context.Context, f *frame, args []span) error {
	if len(args) < 4 {
		return errArguments
	}
	r, err := parseSteps(f.at(args[0]))
	if err != nil {
		return err
	}
	template := rawData(f, args[1:])
	for i := r.from; i <= r.to; i += r.by {
		if p.made++; p.made > maxGenerated {
			return errTooMany
		}
		line, err := expand(template, i)
		if err != nil {
			return err
		}
		if err := p.generated(ctx, f, line); err != nil {
			return err
		}
	}
	return nil
}

// generated reads one record that was made by the entry f stands at.
func (p *parser) generated(ctx context.Context, f *frame, line string) error {
	sub := &frame{
		src: generated, origin: f.origin, originID: f.originID, dflt: f.dflt, last: f.last,
		path: f.path, scanner: newScanner(line), depth: f.depth,
	}
	if strings.HasPrefix(line, "$") || strings.Contains(line, "\n") {
		return fmt.Errorf("%w %q", errDirective, line)
	}
	sub.line = f.first
	return p.read(ctx, sub)
}

// parseSteps reads "1-20" or "1-20/2".
func parseSteps(s string) (steps, error) {
	span, by, stepped := strings.Cut(s, "/")
	if !stepped {
		by = "1"
	}
	from, to, _ := strings.Cut(span, "-")
	var r steps
	var errs [3]error
	r.from, errs[0] = strconv.ParseUint(from, 10, 31)
	r.to, errs[1] = strconv.ParseUint(to, 10, 31)
	r.by, errs[2] = strconv.ParseUint(by, 10, 31)
	if errors.Join(errs[:]...) != nil || r.by == 0 || r.from > r.to {
		return r, fmt.Errorf("%q: %w", s, errRange)
	}
	return r, nil
}

// expand puts n in the place of each dollar sign of template.
func expand(template string, n uint64) (string, error) {
	var b strings.Builder
	for i := 0; i < len(template); i++ {
		rest := template[i:]
		switch {
		case strings.HasPrefix(rest, `\$`):
			b.WriteByte('$')
			i++
		case strings.HasPrefix(rest, "$$"):
			b.WriteByte('$')
			i++
		case strings.HasPrefix(rest, "${"):
			mod, _, ok := strings.Cut(rest[2:], "}")
			if !ok || writeModified(&b, mod, n) != nil {
				return "", errModifier
			}
			i += len(mod) + 2
		case rest[0] == '$':
			b.WriteString(strconv.FormatUint(n, 10))
		default:
			b.WriteByte(rest[0])
		}
	}
	return b.String(), nil
}

// writeModified writes n as ${offset,width,base} says: base d, o, x, X, or n
// and N for reversed hexadecimal nibbles with dots between.
func writeModified(b *strings.Builder, mod string, n uint64) error {
	parts := strings.Split(mod, ",")
	if len(parts) > 3 {
		return errModifier
	}
	parts = append(parts, []string{"0", "0", "d"}[len(parts):]...)
	offset, err := strconv.ParseInt(parts[0], 10, 32)
	if err != nil {
		return err
	}
	width, err := strconv.ParseUint(parts[1], 10, 8)
	if err != nil || int64(n)+offset < 0 {
		return errModifier
	}
	return writeNumber(b, uint64(int64(n)+offset), int(width), parts[2])
}

func writeNumber(b *strings.Builder, v uint64, width int, base string) error {
	switch base {
	case "d":
		fmt.Fprintf(b, "%0*d", width, v)
	case "o":
		fmt.Fprintf(b, "%0*o", width, v)
	case "x":
		fmt.Fprintf(b, "%0*x", width, v)
	case "X":
		fmt.Fprintf(b, "%0*X", width, v)
	case "n":
		writeNibbles(b, fmt.Sprintf("%x", v), width)
	case "N":
		writeNibbles(b, fmt.Sprintf("%X", v), width)
	default:
		return errModifier
	}
	return nil
}

// writeNibbles writes digits from the last to the first with dots between, as
// names below ip6.arpa have them. The width counts digits and dots.
func writeNibbles(b *strings.Builder, digits string, width int) {
	for 2*len(digits)-1 < width {
		digits = "0" + digits
	}
	for i := len(digits) - 1; i >= 0; i-- {
		b.WriteByte(digits[i])
		if i > 0 {
			b.WriteByte('.')
		}
	}
}
