package route53test

import (
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"
)

// request is the body of ChangeResourceRecordSets.
type request struct {
	XMLName xml.Name `xml:"ChangeResourceRecordSetsRequest"`
	Comment string   `xml:"ChangeBatch>Comment"`
	Changes []change `xml:"ChangeBatch>Changes>Change"`
}

type change struct {
	Action string
	Set    Set `xml:"ResourceRecordSet"`
}

// changeInfo is the answer to a change, and to a question about it.
type changeInfo struct {
	XMLName xml.Name
	NS      string `xml:"xmlns,attr"`
	ID      string `xml:"ChangeInfo>Id"`
	Status  string `xml:"ChangeInfo>Status"`
	At      string `xml:"ChangeInfo>SubmittedAt"`
}

func info(document, id, status string) changeInfo {
	return changeInfo{XMLName: xml.Name{Local: document}, NS: namespace, ID: "/change/" + id, Status: status, At: "2026-11-23T06:00:00Z"}
}

// getChange answers PENDING as often as it was told to.
func (s *Server) getChange(id string) (any, *apiError) {
	left, ok := s.changes[id]
	if !ok {
		return nil, &apiError{http.StatusNotFound, "NoSuchChange", "Could not find resource with ID: " + id}
	}
	if left > 0 {
		s.changes[id]--
		return info("GetChangeResponse", id, "PENDING"), nil
	}
	return info("GetChangeResponse", id, "INSYNC"), nil
}

// changeSets makes all changes of a batch or none.
func (s *Server) changeSets(id string, body []byte) (any, *apiError) {
	z, e := s.find(id)
	if e != nil {
		return nil, e
	}
	var r request
	if err := xml.Unmarshal(body, &r); err != nil {
		return nil, &apiError{http.StatusBadRequest, "MalformedInput", err.Error()}
	}
	if r.XMLName.Space != namespace || len(r.Changes) == 0 {
		return nil, invalid("Invalid request: Expected at least one change")
	}
	if z.Service != "" {
		return nil, &apiError{http.StatusForbidden, "AccessDenied", "The resource " + z.ID + " can only be managed through " + z.Service}
	}
	if problems := limits(r.Changes); len(problems) > 0 {
		return nil, invalid(problems...)
	}
	next := maps.Clone(z.sets)
	var problems []string
	for _, c := range r.Changes {
		if p := z.apply(next, c); p != "" {
			problems = append(problems, p)
		}
	}
	if len(problems) == 0 {
		problems = z.judge(next, r.Changes)
	}
	if len(problems) > 0 {
		return nil, invalid(problems...)
	}
	z.sets = next
	changeID := fmt.Sprintf("C%06d", len(s.changes)+1)
	s.changes[changeID] = s.polls
	return info("ChangeResourceRecordSetsResponse", changeID, "PENDING"), nil
}

func invalid(problems ...string) *apiError {
	return &apiError{http.StatusBadRequest, "InvalidChangeBatch", "[" + strings.Join(problems, ", ") + "]"}
}

// limits counts records and characters; an UPSERT counts twice.
func limits(changes []change) (problems []string) {
	records, characters := 0, 0
	for _, c := range changes {
		n := 1
		if c.Action == "UPSERT" {
			n = 2
		}
		for _, v := range c.Set.Values() {
			records, characters = records+n, characters+n*utf8.RuneCountInString(v)
		}
	}
	if records > 1000 {
		problems = append(problems, "Number of records limit of 1000 exceeded.")
	}
	if characters > 32000 {
		problems = append(problems, "Number of characters limit of 32000 exceeded.")
	}
	return problems
}

// apply makes one change in sets, or returns what is wrong with it.
func (z *Zone) apply(sets map[key]Set, c change) string {
	set := c.Set
	set.Name = canonical(set.Name)
	if p := z.malformed(set); p != "" {
		return p
	}
	switch c.Action {
	case "DELETE":
		return remove(sets, set)
	case "CREATE":
		if _, there := sets[set.key()]; there {
			return "Tried to create resource record set " + named(set) + " but it already exists"
		}
		return put(sets, set)
	case "UPSERT":
		return put(sets, set)
	}
	return "Invalid XML ; cvc-enumeration-valid: Value '" + c.Action + "' is not facet-valid"
}

// named is a set as the messages name it.
func named(s Set) string {
	text := fmt.Sprintf("[name='%s', type='%s'", s.Name, s.Type)
	if s.SetIdentifier != "" {
		text += fmt.Sprintf(", set-identifier='%s'", s.SetIdentifier)
	}
	return text + "]"
}

func remove(sets map[key]Set, set Set) string {
	switch live, there := sets[set.key()]; {
	case !there:
		return "Tried to delete resource record set " + named(set) + " but it was not found"
	case !same(live, set):
		return "Tried to delete resource record set " + named(set) + " but the values provided do not match the current values"
	}
	delete(sets, set.key())
	return ""
}

func put(sets map[key]Set, set Set) string {
	if set.TrafficPolicyInstanceID != "" || sets[set.key()].TrafficPolicyInstanceID != "" {
		return "Resource record set " + named(set) + " is managed by a traffic policy instance"
	}
	for k, other := range sets {
		if k.name == set.Name && k.typ == set.Type && k.identifier != set.SetIdentifier && other.policy() != set.policy() {
			return fmt.Sprintf("RRSet with DNS name %s, type %s, SetIdentifier %s cannot be created as other RRSets exist with the same name and type.",
				set.Name, set.Type, orNull(set.SetIdentifier))
		}
	}
	sets[set.key()] = set
	return ""
}

func orNull(s string) string {
	if s == "" {
		return "null"
	}
	return s
}

// same tells whether a DELETE repeats the set exactly; the order of the values
// does not matter.
func same(live, given Set) bool {
	a, b := slices.Sorted(slices.Values(live.Values())), slices.Sorted(slices.Values(given.Values()))
	live.ResourceRecords, given.ResourceRecords = newValues(a), newValues(b)
	la, errA := xml.Marshal(live)
	lb, errB := xml.Marshal(given)
	return errA == nil && errB == nil && string(la) == string(lb)
}

// malformed checks a set by itself.
func (z *Zone) malformed(s Set) string {
	values := s.Values()
	switch {
	case s.Name != z.Name && !strings.HasSuffix(s.Name, "."+z.Name):
		return fmt.Sprintf("RRSet with DNS name %s is not permitted in zone %s", s.Name, z.Name)
	case !s.whole():
		return "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none or several in Change with [Action, Name=" + s.Name + ", Type=" + s.Type + "]"
	case (s.policy() == "") != (s.SetIdentifier == ""):
		return "Invalid request: Missing field 'SetIdentifier' or its policy in Change with Name=" + s.Name
	case s.TTL != nil && (*s.TTL < 0 || *s.TTL > 2147483647):
		return "Invalid TTL"
	case len(values) > 400:
		return "Number of resource records limit of 400 exceeded for " + s.Name
	case s.Type == "CNAME" && s.Name == z.Name:
		return fmt.Sprintf("RRSet of type CNAME with DNS name %s is not permitted at apex in zone %s", s.Name, z.Name)
	case s.Type == "CNAME" && len(values) > 1:
		return "Invalid Resource Record: 'FATAL problem: CNAMERRSetMultipleValues'"
	}
	return badValues(s.Type, values)
}

func badValues(typ string, values []string) string {
	for i, v := range values {
		if slices.Contains(values[:i], v) {
			return "Duplicate Resource Record: '" + v + "'"
		}
		if p := badValue(typ, v); p != "" {
			return fmt.Sprintf("Invalid Resource Record: 'FATAL problem: %s encountered with '%s''", p, v)
		}
	}
	return ""
}

// whole tells whether a set is an alias, has a TTL and values, or is a traffic
// policy's.
func (s Set) whole() bool {
	has := s.TTL != nil && len(s.Values()) > 0
	none := s.TTL == nil && len(s.Values()) == 0
	if s.AliasTarget != nil || s.TrafficPolicyInstanceID != "" {
		return none
	}
	return has
}

func badValue(typ, v string) string {
	addr, err := netip.ParseAddr(v)
	fields := len(strings.Fields(v))
	var ok bool
	var problem string
	switch typ {
	case "A":
		ok, problem = err == nil && addr.Is4(), "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"
	case "AAAA":
		ok, problem = err == nil && addr.Is6() && addr.Zone() == "", "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)"
	case "TXT":
		ok, problem = len(v) > 1 && v[0] == '"' && v[len(v)-1] == '"', "InvalidCharacterString (Value should be enclosed in quotation marks)"
	case "CNAME", "NS", "PTR":
		ok, problem = fields == 1, "DomainNameEmptyOrSpaces (Value is not a valid domain name)"
	case "MX":
		ok, problem = fields == 2, "MXRRDATANotTwoFields (Value has not two fields)"
	default:
		ok, problem = slices.Contains(types, typ), "UnsupportedType ("+typ+")"
	}
	if ok {
		return ""
	}
	return problem
}

// types are those that a record set may have
// (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html).
var types = []string{"A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"}

// judge checks the names that changes touch as they would be.
func (z *Zone) judge(next map[key]Set, changes []change) (problems []string) {
	at := map[string][]Set{}
	for _, s := range sorted(next) {
		at[s.Name] = append(at[s.Name], s)
	}
	if _, ok := next[key{z.Name, "SOA", ""}]; !ok {
		problems = append(problems, "A HostedZone must contain exactly one SOA record.")
	}
	if _, ok := next[key{z.Name, "NS", ""}]; !ok {
		problems = append(problems, "A HostedZone must contain at least one NS record for the zone itself.")
	}
	seen := map[string]bool{}
	for _, c := range changes {
		name := canonical(c.Set.Name)
		if !seen[name] {
			seen[name] = true
			problems = append(problems, z.judgeName(name, at[name])...)
		}
	}
	return problems
}

func (z *Zone) judgeName(name string, sets []Set) (problems []string) {
	isCNAME := func(s Set) bool { return s.Type == "CNAME" }
	if i := slices.IndexFunc(sets, func(s Set) bool { return !isCNAME(s) }); i >= 0 && slices.ContainsFunc(sets, isCNAME) {
		problems = append(problems, fmt.Sprintf("RRSet of type %s with DNS name %s is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone %s", sets[i].Type, name, z.Name))
	}
	ttls := map[string]int64{}
	for _, s := range sets {
		if s.Weight == nil || s.TTL == nil {
			continue
		}
		if ttl, ok := ttls[s.Type]; ok && ttl != *s.TTL {
			problems = append(problems, fmt.Sprintf("RRSet with DNS name %s, type %s, SetIdentifier %s has another TTL than the other weighted RRSets with the same name and type.", name, s.Type, s.SetIdentifier))
		}
		ttls[s.Type] = *s.TTL
	}
	return problems
}
