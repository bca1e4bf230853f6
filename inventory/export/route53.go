package export

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// The bounds of one request
// (https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html);
// an UPSERT counts twice.
const (
	maxRecords    = 1000
	maxCharacters = 32000
	upsertCounts  = 2
	// maxValues is the most of one record set
	// (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html).
	maxValues = 400
)

// changeBatch is what aws route53 change-resource-record-sets takes as
// --change-batch.
type changeBatch struct {
	Comment string
	Changes []batchChange
}

type batchChange struct {
	Action            string
	ResourceRecordSet recordSet
}

type recordSet struct {
	Name            string
	Type            string
	TTL             zone.TTL
	ResourceRecords []resourceRecord
}

type resourceRecord struct{ Value string }

// route53 renders change batches of UPSERTs, as many as the bounds ask for. A
// and AAAA of one name are never parted.
func route53(z Zone, n *notes) ([][]byte, error) {
	n.onlyAddresses(z)
	n.add("UPSERT replaces a whole record set: an alias, weighted or other special set of the name is lost or refuses the batch")
	var batches [][]batchChange
	var last []batchChange
	records, characters := 0, 0
	for _, name := range byName(n.addresses(z, false)) {
		changes, r, c := upserts(name)
		if r > maxValues*upsertCounts {
			return nil, fmt.Errorf("%s has more than the %d values that Route 53 takes", name[0].Name.Display(), maxValues)
		}
		if records+r > maxRecords || characters+c > maxCharacters {
			batches, last, records, characters = append(batches, last), nil, 0, 0
		}
		last, records, characters = append(last, changes...), records+r, characters+c
	}
	batches = append(batches, last)
	if len(batches[0]) == 0 {
		n.add("%s: there is nothing to write, and Route 53 refuses an empty batch", z.title())
	}
	var out [][]byte
	for i, changes := range batches {
		comment := fmt.Sprintf("%s: addresses of %s, part %d of %d", Marker, z.Name.Display(), i+1, len(batches))
		text, err := json.MarshalIndent(changeBatch{Comment: comment[:min(len(comment), 256)], Changes: append([]batchChange{}, changes...)}, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("write change batch: %w", err)
		}
		out = append(out, append(text, '\n'))
	}
	return out, nil
}

// byName gathers the sets of each name.
func byName(sets []Set) [][]Set {
	var out [][]Set
	for i, s := range sets {
		if i > 0 && sets[i-1].Name == s.Name {
			out[len(out)-1] = append(out[len(out)-1], s)
		} else {
			out = append(out, []Set{s})
		}
	}
	return out
}

// upserts are the changes of one name, and what they count.
func upserts(sets []Set) (out []batchChange, records, characters int) {
	for _, s := range sets {
		r := recordSet{Name: octalName(s.Name), Type: s.Type.String(), TTL: s.TTL}
		for _, a := range s.Addrs {
			r.ResourceRecords = append(r.ResourceRecords, resourceRecord{a.String()})
			records += upsertCounts
			characters += upsertCounts * len(a.String())
		}
		out = append(out, batchChange{"UPSERT", r})
	}
	return out, records, characters
}

// octalName writes what is neither a letter, a digit, a hyphen nor an
// underscore as \ooo in octal, but for the asterisk of a wildcard
// (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html).
func octalName(n zone.Name) string {
	var b strings.Builder
	for i, label := range n.Labels() {
		if i == 0 && label == "*" {
			b.WriteString("*.")
			continue
		}
		for _, c := range octets(label) {
			if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' {
				b.WriteByte(c)
			} else {
				fmt.Fprintf(&b, `\%03o`, c)
			}
		}
		b.WriteByte('.')
	}
	return b.String()
}
