package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// The fixed lines of a JSON file. Lines of RRsets and of other records start
// with recordStart, and no other line does.
const (
	setsLine    = "\"rrsets\":[\n"
	othersLine  = "],\"others\":[\n"
	sumStart    = "],\"sha256\":\""
	sumEnd      = "\"}\n"
	recordStart = "{\"name\":"
)

// appendJSON writes the JSON file by hand: reflection on each record would take
// longer than everything else that Save does.
func appendJSON(b []byte, info Info, s *zone.Snapshot) []byte {
	c := info.Counts
	b = slices.Grow(b, 1024+96*c.RRsets+64*c.Addresses+192*c.Others)
	b = appendJSONHead(b, info, s.Blind)
	b = append(b, setsLine...)
	for i := range s.RRsets {
		b = appendJSONSet(b, &s.RRsets[i])
		b = appendLineEnd(b, i+1 < len(s.RRsets))
	}
	b = append(b, othersLine...)
	for i := range s.Others {
		b = appendJSONRecord(b, &s.Others[i])
		b = appendLineEnd(b, i+1 < len(s.Others))
	}
	sum := sha256.Sum256(b)
	b = append(b, sumStart...)
	b = hex.AppendEncode(b, sum[:])
	return append(b, sumEnd...)
}

func appendLineEnd(b []byte, more bool) []byte {
	if more {
		b = append(b, ',')
	}
	return append(b, '\n')
}

func appendJSONHead(b []byte, info Info, blind string) []byte {
	b = strconv.AppendInt(append(b, `{"format_version":`...), FormatVersion, 10)
	b = info.Taken.AppendFormat(append(b, `,"taken":"`...), time.RFC3339Nano)
	b = appendDNS(append(b, `","zone":`...), string(info.Zone))
	b = appendString(append(b, `,"view":`...), info.View)
	b = appendString(append(b, `,"provider":`...), info.Provider)
	b = appendString(append(b, `,"run":`...), info.Run)
	b = appendString(append(b, `,"blind":`...), blind)
	b = strconv.AppendInt(append(b, `,"counts":{"rrsets":`...), int64(info.Counts.RRsets), 10)
	b = strconv.AppendInt(append(b, `,"addresses":`...), int64(info.Counts.Addresses), 10)
	b = strconv.AppendInt(append(b, `,"others":`...), int64(info.Counts.Others), 10)
	return append(b, "},\n"...)
}

func appendJSONSet(b []byte, r *zone.RRset) []byte {
	b = appendDNS(append(b, recordStart...), string(r.Name))
	b = append(append(append(b, `,"type":"`...), r.Type.String()...), '"')
	b = strconv.AppendUint(append(b, `,"ttl":`...), uint64(r.TTL), 10)
	if r.Auto {
		b = append(b, `,"auto":true`...)
	}
	if r.Proxied {
		b = append(b, `,"proxied":true`...)
	}
	if r.Foreign != "" {
		b = appendString(append(b, `,"foreign":`...), r.Foreign)
	}
	if r.Detail != "" {
		b = appendString(append(b, `,"detail":`...), r.Detail)
	}
	b = append(b, `,"addrs":[`...)
	for i, addr := range r.Addrs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(addr.AppendTo(append(b, '"')), '"')
	}
	b = append(b, ']')
	if len(r.Members) > 0 {
		b = appendMembers(append(b, `,"members":`...), r.Members)
	}
	return append(b, '}')
}

func appendMembers(b []byte, members []zone.Member) []byte {
	sep := byte('[')
	for i := range members {
		m := &members[i]
		b = appendString(append(append(b, sep), `{"id":`...), m.ID)
		if m.Comment != "" {
			b = appendString(append(b, `,"comment":`...), m.Comment)
		}
		if len(m.Tags) > 0 {
			b = appendStrings(append(b, `,"tags":`...), m.Tags)
		}
		b, sep = append(b, '}'), ','
	}
	return append(b, ']')
}

func appendStrings(b []byte, list []string) []byte {
	sep := byte('[')
	for _, s := range list {
		b, sep = appendString(append(b, sep), s), ','
	}
	return append(b, ']')
}

func appendJSONRecord(b []byte, r *zone.Record) []byte {
	b = appendDNS(append(b, recordStart...), string(r.Name))
	b = appendString(append(b, `,"type":`...), r.Type)
	b = strconv.AppendUint(append(b, `,"ttl":`...), uint64(r.TTL), 10)
	return append(appendDNS(append(b, `,"data":`...), r.Data), '}')
}

// appendDNS writes presentation form. Bytes that are no UTF-8, which JSON
// cannot hold, become the escapes that mean them (RFC 1035, section 5.1).
func appendDNS(b []byte, s string) []byte {
	if utf8.ValidString(s) {
		return appendString(b, s)
	}
	var escaped []byte
	for len(s) > 0 {
		_, n := utf8.DecodeRuneInString(s)
		if c := s[0]; n == 1 && c >= utf8.RuneSelf {
			escaped = appendDDD(escaped, c)
		} else {
			escaped = append(escaped, s[:n]...)
		}
		s = s[n:]
	}
	return appendString(b, string(escaped))
}

// appendString writes a JSON string (RFC 8259, section 7). A byte that is no
// UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = append(b, `\u00`...)
			b = hex.AppendEncode(b, []byte{c})
		case c < utf8.RuneSelf:
			b = append(b, c)
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r)
			i += n - 1
		}
	}
	return append(b, '"')
}

// countJSON counts the lines of a JSON file that hold a record.
func countJSON(b []byte) int {
	start := []byte(recordStart)
	return countLines(b, func(line []byte) bool { return bytes.HasPrefix(line, start) })
}

// countLines counts the lines at which is holds, which is handed a line with all
// that follows it.
func countLines(b []byte, is func(from []byte) bool) int {
	n := 0
	for len(b) > 0 {
		if is(b) {
			n++
		}
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			break
		}
		b = b[end+1:]
	}
	return n
}
