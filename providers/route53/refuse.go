package route53

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

// refused turns an invalid change batch into an error: a conflict where a set
// is not as it was read a moment before, else a refusal in Route 53's own words.
func (p *Provider) refused(ctx context.Context, h hosted, b batch, invalid *types.InvalidChangeBatch) error {
	words := reasons(invalid)
	text := strings.Join(words, "; ")
	if slices.ContainsFunc(words, isConflict) {
		return p.moved(ctx, h, b, text)
	}
	return p.keys.redact(b.Refuse(culprit(text, b.Keys()), text))
}

// reasons returns Route 53's words, of either of the two forms in which it
// sends them.
func reasons(e *types.InvalidChangeBatch) []string {
	if len(e.Messages) > 0 {
		return e.Messages
	}
	text := strings.TrimSpace(aws.ToString(e.Message))
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		text = text[1 : len(text)-1]
	}
	return []string{text}
}

// isConflict tells the words for a set that is not as the batch has it: gone,
// other values or another TTL, or there already.
func isConflict(words string) bool {
	for _, w := range []string{"but it was not found", "do not match", "already exists"} {
		if strings.Contains(words, w) && !strings.Contains(words, "conflicting RRSet of type CNAME") {
			return true
		}
	}
	return false
}

// moved looks for the set that is not as it was. When all are, because it moved
// back or the look fails, all keys of the batch are named.
func (p *Provider) moved(ctx context.Context, h hosted, b batch, words string) error {
	if now, _, err := p.look(ctx, h, b.Batch); err == nil {
		if err := now.admit(b.Batch); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: %w", words, &providers.ConflictError{Keys: b.Keys()})
}

// The forms in which Route 53 names a record set.
var (
	bracketed = regexp.MustCompile(`\[name='([^']*)', type='([^']*)'`)
	spelled   = regexp.MustCompile(`DNS name (\S+?),? (?:is|type (\w+))`)
	typed     = regexp.MustCompile(`RRSet of type (\w+) with DNS name (\S+)`)
)

// culprit returns the first of keys that the words name; zero for none.
func culprit(words string, keys []zone.Key) zone.Key {
	var name, typ string
	switch {
	case bracketed.MatchString(words):
		m := bracketed.FindStringSubmatch(words)
		name, typ = m[1], m[2]
	case typed.MatchString(words):
		m := typed.FindStringSubmatch(words)
		name, typ = m[2], m[1]
	case spelled.MatchString(words):
		m := spelled.FindStringSubmatch(words)
		name, typ = m[1], m[2]
	}
	for _, k := range keys {
		if k.Name == parseName(name) && (typ == k.Type.String() || typ == "") {
			return k
		}
	}
	return zone.Key{}
}
