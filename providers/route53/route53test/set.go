package route53test

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Set is a record set, as the API has it.
type Set struct {
	Name                    string
	Type                    string
	SetIdentifier           string                `xml:",omitempty"`
	Weight                  *int64                `xml:",omitempty"`
	Region                  string                `xml:",omitempty"`
	GeoLocation             *GeoLocation          `xml:",omitempty"`
	GeoProximityLocation    *GeoProximityLocation `xml:",omitempty"`
	CidrRoutingConfig       *CIDRRouting          `xml:",omitempty"`
	Failover                string                `xml:",omitempty"`
	MultiValueAnswer        *bool                 `xml:",omitempty"`
	TTL                     *int64                `xml:",omitempty"`
	ResourceRecords         *Values               `xml:",omitempty"`
	AliasTarget             *AliasTarget          `xml:",omitempty"`
	HealthCheckID           string                `xml:"HealthCheckId,omitempty"`
	TrafficPolicyInstanceID string                `xml:"TrafficPolicyInstanceId,omitempty"`
}

// Values are the values of a set.
type Values struct {
	Records []Value `xml:"ResourceRecord"`
}

// Value is one of them.
type Value struct{ Value string }

func newValues(values []string) *Values {
	v := &Values{}
	for _, text := range values {
		v.Records = append(v.Records, Value{text})
	}
	return v
}

// GeoLocation is where clients are.
type GeoLocation struct {
	ContinentCode   string `xml:",omitempty"`
	CountryCode     string `xml:",omitempty"`
	SubdivisionCode string `xml:",omitempty"`
}

// GeoProximityLocation is where a resource is.
type GeoProximityLocation struct {
	AWSRegion string `xml:",omitempty"`
	Bias      *int   `xml:",omitempty"`
}

// CIDRRouting chooses clients by their address.
type CIDRRouting struct {
	CollectionID string `xml:"CollectionId"`
	LocationName string
}

// AliasTarget is where an alias points to.
type AliasTarget struct {
	HostedZoneID         string `xml:"HostedZoneId"`
	DNSName              string
	EvaluateTargetHealth bool
}

// Simple returns a set without a routing policy.
func Simple(name, typ string, ttl int64, values ...string) Set {
	return Set{Name: name, Type: typ, TTL: &ttl, ResourceRecords: newValues(values)}
}

// Weighted returns a set with a weight.
func Weighted(name, typ, identifier string, weight, ttl int64, values ...string) Set {
	s := Simple(name, typ, ttl, values...)
	s.SetIdentifier, s.Weight = identifier, &weight
	return s
}

// Alias returns an alias.
func Alias(name, typ, target, zoneID string) Set {
	return Set{Name: name, Type: typ, AliasTarget: &AliasTarget{HostedZoneID: zoneID, DNSName: target}}
}

// Values returns the values; none of an alias.
func (s Set) Values() []string {
	if s.ResourceRecords == nil {
		return nil
	}
	var out []string
	for _, v := range s.ResourceRecords.Records {
		out = append(out, v.Value)
	}
	return out
}

// policy is the routing policy; empty for a simple set.
func (s Set) policy() string {
	switch {
	case s.Weight != nil:
		return "weighted"
	case s.Region != "":
		return "latency"
	case s.GeoLocation != nil:
		return "geolocation"
	case s.GeoProximityLocation != nil:
		return "geoproximity"
	case s.CidrRoutingConfig != nil:
		return "IP-based"
	case s.Failover != "":
		return "failover"
	case s.MultiValueAnswer != nil && *s.MultiValueAnswer:
		return "multivalue answer"
	}
	return ""
}

// key is what makes a set one.
type key struct{ name, typ, identifier string }

func (s Set) key() key { return key{s.Name, s.Type, s.SetIdentifier} }

// String is the set as a test prints it: "www.example.org. A 300 192.0.2.1".
func (s Set) String() string {
	words := []string{s.Name, s.Type}
	if s.TTL != nil {
		words = append(words, strconv.FormatInt(*s.TTL, 10))
	}
	words = append(words, s.Values()...)
	if s.AliasTarget != nil {
		words = append(words, "alias", s.AliasTarget.DNSName)
	}
	if p := s.policy(); p != "" {
		words = append(words, p, s.SetIdentifier)
	}
	if s.HealthCheckID != "" {
		words = append(words, "health check", s.HealthCheckID)
	}
	return strings.Join(words, " ")
}

// compare orders sets as the list has them: by name with its labels reversed,
// type and identifier.
func compare(a, b key) int {
	return cmp.Or(cmp.Compare(reversed(a.name), reversed(b.name)), cmp.Compare(a.typ, b.typ), cmp.Compare(a.identifier, b.identifier))
}

func reversed(name string) string {
	labels := strings.Split(strings.TrimSuffix(name, "."), ".")
	slices.Reverse(labels)
	return strings.Join(labels, ".") + "."
}

// canonical brings a name into the form that is stored and listed: lower case,
// the final dot, and all but letters, digits, hyphens and underscores in octal.
func canonical(name string) string {
	var b strings.Builder
	name = strings.ToLower(name)
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case c == '\\' && i+3 < len(name) && isOctal(name[i+1:i+4]):
			b.WriteString(name[i : i+4])
			i += 3
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\%03o`, c)
		}
	}
	if !strings.HasSuffix(name, ".") {
		b.WriteByte('.')
	}
	return b.String()
}

func isOctal(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '7' {
			return false
		}
	}
	return true
}
