package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// What is wrong with a plan file. Test with errors.Is.
var (
	// ErrDamaged: the file is not a whole plan, or was edited after it was saved.
	ErrDamaged = errors.New("the plan file is damaged or was edited")
	// ErrNewer: a newer dnsplan wrote it.
	ErrNewer = errors.New("the plan file has a newer format")
)

// Marshal returns the plan document, without the digest that a saved plan ends in.
func Marshal(p *Plan) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(p); err != nil {
		return nil, fmt.Errorf("encode plan %s: %w", p.ID, err)
	}
	return b.Bytes(), nil
}

// sealStart and sealEnd stand around the digest in a saved plan. The digest is
// over all bytes before sealStart.
const (
	sealStart = ",\n  \"sha256\": \""
	sealEnd   = "\"\n}\n"
)

// Encode returns the plan as it is saved: the document with a last member
// sha256, the SHA-256 over every byte before that member's comma.
func Encode(p *Plan) ([]byte, error) {
	doc, err := Marshal(p)
	if err != nil {
		return nil, err
	}
	body := bytes.TrimSuffix(doc, []byte("\n}\n"))
	out := make([]byte, 0, len(doc)+len(sealStart)+2*sha256.Size+len(sealEnd))
	out = append(out, body...)
	out = append(out, sealStart...)
	out = append(out, digest(body)...)
	return append(out, sealEnd...), nil
}

// Decode reads a saved plan. Anything but the very bytes that Encode returned
// is ErrDamaged, and a higher format version is ErrNewer.
func Decode(data []byte) (*Plan, error) {
	var head struct {
		FormatVersion int `json:"format_version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if head.FormatVersion > FormatVersion {
		return nil, fmt.Errorf("%w: version %d, this dnsplan reads up to %d", ErrNewer, head.FormatVersion, FormatVersion)
	}
	at := bytes.LastIndex(data, []byte(sealStart))
	if at < 0 {
		return nil, fmt.Errorf("%w: it has no sha256", ErrDamaged)
	}
	if want := sealStart + digest(data[:at]) + sealEnd; string(data[at:]) != want {
		return nil, fmt.Errorf("%w: its sha256 does not fit", ErrDamaged)
	}
	p := &Plan{}
	if err := json.Unmarshal(data, p); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err := p.validate(); err != nil {
		return nil, err
	}
	return p, nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// validate checks what the rest of the program relies on: known references,
// and steps in an order that their After allows.
func (p *Plan) validate() error {
	if p.FormatVersion < 1 {
		return fmt.Errorf("%w: format_version %d", ErrDamaged, p.FormatVersion)
	}
	zones := map[ZoneRef]bool{}
	for _, z := range p.Zones {
		zones[z.ZoneRef] = true
	}
	changes := map[string]bool{}
	for i := range p.Changes {
		c := &p.Changes[i]
		if !zones[c.ZoneRef] || changes[c.ID] || !c.whole() {
			return fmt.Errorf("%w: change %q", ErrDamaged, c.ID)
		}
		changes[c.ID] = true
	}
	steps := map[string]bool{}
	for _, s := range p.Steps {
		for _, id := range s.Changes {
			if !changes[id] {
				return fmt.Errorf("%w: step %s is about %q", ErrDamaged, s.ID, id)
			}
		}
		for _, id := range s.After {
			if !steps[id] {
				return fmt.Errorf("%w: step %s comes after %q", ErrDamaged, s.ID, id)
			}
		}
		steps[s.ID] = true
	}
	return nil
}

// whole tells whether the change has the states that its action is about.
func (c *Change) whole() bool {
	switch c.Action {
	case Create:
		return c.Before == nil && c.After != nil
	case Delete:
		return c.Before != nil && c.After == nil
	case Update, TTL, Proxied:
		return c.Before != nil && c.After != nil
	}
	return false
}
