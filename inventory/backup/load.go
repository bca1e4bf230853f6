package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// head is the first line of a JSON file.
type head struct {
	FormatVersion int       `json:"format_version"`
	Taken         time.Time `json:"taken"`
	Zone          zone.Name `json:"zone"`
	View          string    `json:"view"`
	Provider      string    `json:"provider"`
	Run           string    `json:"run"`
	Blind         string    `json:"blind"`
	Counts        Counts    `json:"counts"`
}

func (h head) meta() Meta { return Meta{View: h.View, Provider: h.Provider, Run: h.Run} }

// set is a line of an RRset.
type set struct {
	Name    zone.Name     `json:"name"`
	Type    zone.Type     `json:"type"`
	TTL     zone.TTL      `json:"ttl"`
	Auto    bool          `json:"auto"`
	Proxied bool          `json:"proxied"`
	Foreign string        `json:"foreign"`
	Detail  string        `json:"detail"`
	Addrs   []netip.Addr  `json:"addrs"`
	Members []zone.Member `json:"members"`
}

func (s set) rrset() zone.RRset {
	return zone.RRset{
		Key: zone.Key{Name: s.Name, Type: s.Type}, TTL: s.TTL, Addrs: s.Addrs,
		Proxied: s.Proxied, Auto: s.Auto, Foreign: s.Foreign, Detail: s.Detail, Members: s.Members,
	}
}

// Load reads a backup whole. The path is that of its JSON file, or of the zone
// file beside it. The snapshot is as it was saved: lists that were empty may
// come back nil.
// Errors: ErrVersion, ErrDamaged, fs.ErrNotExist, or others.
func Load(path string) (*zone.Snapshot, Meta, error) {
	if base, ok := strings.CutSuffix(path, zoneExt); ok {
		path = base + jsonExt
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, Meta{}, fmt.Errorf("load backup: %w", err)
	}
	s, h, err := decode(b)
	if err != nil {
		return nil, Meta{}, fmt.Errorf("load backup %s: %w", path, err)
	}
	return s, h.meta(), nil
}

// decode looks at the version first, so that a newer format is not called
// damaged.
func decode(b []byte) (*zone.Snapshot, head, error) {
	line, rest, _ := bytes.Cut(b, []byte("\n"))
	h, err := decodeHead(line)
	if err != nil {
		return nil, head{}, err
	}
	body, err := checkSum(b)
	if err != nil {
		return nil, head{}, err
	}
	lines := rest[:len(body)-len(line)-1]
	s := &zone.Snapshot{Zone: h.Zone, Blind: h.Blind}
	if err := decodeLines(lines, s, h.Counts); err != nil {
		return nil, head{}, err
	}
	if c := countOf(s); c != h.Counts {
		return nil, head{}, damaged("it holds %+v, its head says %+v", c, h.Counts)
	}
	return s, h, nil
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// decodeHead reads the first line, which is an object but for its end.
func decodeHead(line []byte) (head, error) {
	object, ok := bytes.CutSuffix(line, []byte(","))
	if !ok {
		return head{}, damaged("its first line is no head")
	}
	var h head
	if err := json.Unmarshal(append(bytes.Clone(object), '}'), &h); err != nil {
		return head{}, damaged("its first line is no head: %v", err)
	}
	if h.FormatVersion != FormatVersion {
		return head{}, fmt.Errorf("%w %d (this program reads %d)", ErrVersion, h.FormatVersion, FormatVersion)
	}
	return h, nil
}

// checkSum returns what stands before the last line, whose SHA-256 that is.
func checkSum(b []byte) ([]byte, error) {
	const length = len(sumStart) + 2*sha256.Size + len(sumEnd)
	cut := len(b) - length
	if cut < 1 || b[cut-1] != '\n' {
		return nil, damaged("it is truncated")
	}
	last := string(b[cut:])
	if !strings.HasPrefix(last, sumStart) || !strings.HasSuffix(last, sumEnd) {
		return nil, damaged("it is truncated")
	}
	sum := sha256.Sum256(b[:cut])
	if last[len(sumStart):len(last)-len(sumEnd)] != hex.EncodeToString(sum[:]) {
		return nil, damaged("its SHA-256 differs: it was changed after it was written")
	}
	return b[:cut], nil
}

// decodeLines reads the lines between the head and the last line into s.
func decodeLines(b []byte, s *zone.Snapshot, c Counts) error {
	sets, ok := bytes.CutPrefix(b, []byte(setsLine))
	if !ok {
		return damaged("it has no RRsets")
	}
	if c.RRsets > 0 && c.RRsets <= len(b) { // a count is not to be trusted yet
		s.RRsets = make([]zone.RRset, 0, c.RRsets)
	}
	others, err := eachLine(sets, othersLine, func(line []byte) error {
		var r set
		err := json.Unmarshal(line, &r)
		s.RRsets = append(s.RRsets, r.rrset())
		return err
	})
	if err != nil {
		return err
	}
	_, err = eachLine(others, "", func(line []byte) error {
		var r zone.Record
		err := json.Unmarshal(line, &r)
		s.Others = append(s.Others, r)
		return err
	})
	return err
}

// eachLine calls f with each line, without the comma behind it, up to the line
// end, and returns what follows; with an empty end it reads all lines.
func eachLine(b []byte, end string, f func([]byte) error) ([]byte, error) {
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte("\n"))
		if end != "" && string(line) == strings.TrimSuffix(end, "\n") {
			return rest, nil
		}
		if err := f(bytes.TrimSuffix(line, []byte(","))); err != nil {
			return nil, damaged("%.80q: %v", line, err)
		}
		b = rest
	}
	if end != "" {
		return nil, damaged("it has no other records")
	}
	return nil, nil
}
