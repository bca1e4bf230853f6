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
	// ErrDamaged: the file is not a whole plan, was edited after it was saved, or
	// its parts do not fit together.
	ErrDamaged = errors.New("the plan file is damaged or was edited")
	// ErrNewer: a newer dnsplan wrote it, or it has steps that this one does not
	// execute.
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
// is ErrDamaged, and a higher format version is ErrNewer. So are, whoever sealed
// them, documents that Build would not have made: see validate.go.
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
