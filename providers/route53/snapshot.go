package route53

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// rrkey is a name and a type, under which there are several record sets where
// these have a routing policy.
type rrkey struct {
	name zone.Name
	typ  types.RRType
}

func keyOf(s types.ResourceRecordSet) rrkey { return rrkey{parseName(aws.ToString(s.Name)), s.Type} }

// grouped returns the record sets by key, each key's in their order.
func grouped(sets []types.ResourceRecordSet) (keys []rrkey, byKey map[rrkey][]types.ResourceRecordSet) {
	byKey = make(map[rrkey][]types.ResourceRecordSet, len(sets))
	for _, s := range sets {
		k := keyOf(s)
		if byKey[k] == nil {
			keys = append(keys, k)
		}
		byKey[k] = append(byKey[k], s)
	}
	return keys, byKey
}

// snapshot turns what was listed into a snapshot. Only a listing that contains
// itself twice, because the zone moved under it, is an error.
func snapshot(z zone.Name, sets []types.ResourceRecordSet) (*zone.Snapshot, error) {
	snap := &zone.Snapshot{Zone: z}
	keys, byKey := grouped(sets)
	for _, k := range keys {
		group := byKey[k]
		if len(group) > 1 && routing(group[0]).policy == "" {
			return nil, fmt.Errorf("%s %s is listed twice: the zone changed while it was read", k.name, k.typ)
		}
		switch k.typ {
		case types.RRTypeA:
			snap.RRsets = append(snap.RRsets, addressSet(zone.Key{Name: k.name, Type: zone.A}, group))
		case types.RRTypeAaaa:
			snap.RRsets = append(snap.RRsets, addressSet(zone.Key{Name: k.name, Type: zone.AAAA}, group))
		default:
			snap.Others = append(snap.Others, records(k, group)...)
		}
	}
	snap.Sort()
	return snap, nil
}

// addressSet makes one RRset of the record sets of a key. Of several, or of one
// that is not simple, it is foreign, with the highest TTL and all the addresses.
func addressSet(key zone.Key, group []types.ResourceRecordSet) zone.RRset {
	r := zone.RRset{Key: key}
	unread := ""
	for _, s := range group {
		r.TTL = max(r.TTL, ttlOf(s))
		for _, v := range s.ResourceRecords {
			addr, err := netip.ParseAddr(aws.ToString(v.Value))
			if err != nil || addr.Zone() != "" || zone.TypeOf(addr.Unmap()) != key.Type {
				unread = aws.ToString(v.Value)
				continue
			}
			r.Addrs = append(r.Addrs, addr)
		}
	}
	r.Foreign, r.Detail = foreign(group)
	if r.Foreign == "" && (unread != "" || len(r.Addrs) == 0) {
		r.Foreign, r.Detail = "unreadable", fmt.Sprintf("%q is no %s address", unread, key.Type)
	}
	return r
}

func ttlOf(s types.ResourceRecordSet) zone.TTL {
	return zone.TTL(min(max(aws.ToInt64(s.TTL), 0), int64(zone.MaxTTL)))
}

// route is how a record set takes part in a routing policy.
type route struct {
	policy string // as zone.RRset.Foreign has it; empty for a simple set
	part   string // "blue=10", for people
}

// routing tells a record set's policy
// (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy.html).
func routing(s types.ResourceRecordSet) route {
	id := aws.ToString(s.SetIdentifier)
	switch {
	case s.TrafficPolicyInstanceId != nil:
		return route{"traffic-policy", "instance " + *s.TrafficPolicyInstanceId}
	case s.Weight != nil:
		return route{"weighted", fmt.Sprintf("%s=%d", id, *s.Weight)}
	case s.Region != "":
		return route{"latency", id + "=" + string(s.Region)}
	case s.Failover != "":
		return route{"failover", id + "=" + strings.ToLower(string(s.Failover))}
	case s.GeoLocation != nil:
		return route{"geo", id + "=" + place(*s.GeoLocation)}
	case s.GeoProximityLocation != nil:
		return route{"geo", id + "=proximity"}
	case s.CidrRoutingConfig != nil:
		return route{"geo", id + "=" + aws.ToString(s.CidrRoutingConfig.LocationName) + " by client address"}
	case aws.ToBool(s.MultiValueAnswer):
		return route{"multivalue", id}
	case id != "":
		return route{"routed", id} // by a policy that is younger than this list
	}
	return route{}
}

// place is a location as Route 53 codes it; "*" is everywhere else.
func place(g types.GeoLocation) string {
	var parts []string
	for _, code := range []*string{g.ContinentCode, g.CountryCode, g.SubdivisionCode} {
		if code != nil {
			parts = append(parts, *code)
		}
	}
	return strings.Join(parts, "-")
}

// foreign says why dnsplan must not write the record sets of a key, and more
// for people: "weighted blue=10 green=20"; empty for a simple set.
func foreign(group []types.ResourceRecordSet) (why, detail string) {
	var parts []string
	for _, s := range group {
		r := routing(s)
		if why == "" {
			why = r.policy
		}
		if r.part != "" {
			parts = append(parts, r.part)
		}
		if s.AliasTarget != nil {
			parts = append(parts, aliasDetail(*s.AliasTarget))
		}
	}
	switch {
	case why != "":
		return why, why + " " + strings.Join(parts, " ")
	case len(parts) > 0:
		return "alias", parts[0]
	}
	return "", ""
}

func aliasDetail(a types.AliasTarget) string {
	return "alias to " + decimal(aws.ToString(a.DNSName)) + " in " + aws.ToString(a.HostedZoneId)
}

// records makes records of the record sets of another type, one for each value.
// An alias is a record of the type ALIAS, which is none of the DNS, but for a
// CNAME, whose target it is.
func records(k rrkey, group []types.ResourceRecordSet) []zone.Record {
	var out []zone.Record
	add := func(r zone.Record) {
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	for _, s := range group {
		r := zone.Record{Name: k.name, Type: string(k.typ), TTL: ttlOf(s)}
		for _, v := range s.ResourceRecords {
			r.Data = presentation(r.Type, aws.ToString(v.Value))
			add(r)
		}
		if s.AliasTarget == nil {
			continue
		}
		if r.Data = presentation(r.Type, aws.ToString(s.AliasTarget.DNSName)); k.typ != types.RRTypeCname {
			r.Type, r.Data = "ALIAS", string(k.typ)+" "+aliasDetail(*s.AliasTarget)
		}
		add(r)
	}
	return out
}

// presentation writes a value as a zone file has it: escapes in decimal, names
// with their final dot, which Route 53 lets people leave out. A value that is
// not as its type has it stays as it is.
func presentation(typ, value string) string {
	value = decimal(value)
	at, count := nameFields(typ)
	fields := strings.Fields(value)
	if len(at) == 0 || len(fields) != count && count > 0 || len(fields) <= at[len(at)-1] {
		return value
	}
	for _, i := range at {
		fields[i] = string(withDot(fields[i]))
	}
	return strings.Join(fields, " ")
}

// nameFields returns which fields of a type's data are names, and how many
// fields there are; 0 is any number.
func nameFields(typ string) (at []int, count int) {
	switch typ {
	case "CNAME", "NS", "PTR", "DNAME":
		return []int{0}, 1
	case "MX":
		return []int{1}, 2
	case "SRV":
		return []int{3}, 4
	case "SOA":
		return []int{0, 1}, 7
	case "SVCB", "HTTPS":
		return []int{1}, 0
	case "NAPTR":
		return []int{5}, 6
	}
	return nil, 0
}

// withDot makes a name absolute and leaves its case alone.
func withDot(s string) string {
	if strings.HasSuffix(s, ".") && !strings.HasSuffix(s, `\.`) {
		return s
	}
	return s + "."
}
