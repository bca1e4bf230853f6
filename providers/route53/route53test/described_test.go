package route53test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/providers/providertest/description"
	"github.com/dnsplan/dnsplan/providers/providertest/needs"
)

// aws is AWS's model.
func aws(t *testing.T) *model {
	t.Helper()
	m, err := described()
	if err != nil {
		needs.Unmet(t, "%v", err)
	}
	return m
}

// batch is a change batch of one change, with values of the form "<Name>x</Name>".
func batch(action, set string) string {
	return `<ChangeResourceRecordSetsRequest xmlns="` + namespace + `"><ChangeBatch><Changes><Change><Action>` + action +
		`</Action><ResourceRecordSet>` + set + `</ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`
}

// www is a set as AWS's SDK sends it.
const www = `<Name>www.example.org.</Name><ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords><TTL>300</TTL><Type>A</Type>`

// instead is www with one thing in place of another.
func instead(old, with string) string {
	if !strings.Contains(www, old) {
		panic(old)
	}
	return batch("CREATE", strings.Replace(www, old, with, 1))
}

// What AWS's model allows, and what it does not: were the check blind to one of
// these, requests of that kind would pass.
func TestModel(t *testing.T) {
	m := aws(t)
	const rrset, long = "/2013-04-01/hostedzone/Z1/rrset", "123456789012345678901234567890123"
	for _, tt := range []struct {
		name, request, body string
		want                string // a part of the only breach; empty: none
	}{
		{"list zones", "GET /2013-04-01/hostedzone?maxitems=100&marker=Z1", "", ""},
		{"find a zone", "GET /2013-04-01/hostedzonesbyname?dnsname=example.org.&maxitems=2", "", ""},
		{"a zone", "GET /2013-04-01/hostedzone/Z1", "", ""},
		{"list sets", "GET " + rrset + "?name=%5C052.example.org.&type=A&identifier=one&maxitems=300", "", ""},
		{"list sets from a new type on", "GET " + rrset + "?name=www.example.org.&type=HTTPS", "", ""},
		{"change", "POST " + rrset, batch("CREATE", www), ""},
		{"change, with the slash", "POST " + rrset + "/", batch("DELETE", www), ""},
		{"ask after a change", "GET /2013-04-01/change/C1", "", ""},

		{"another version", "GET /2012-12-12/hostedzone", "", "no such operation"},
		{"another path", "GET /2013-04-01/hostedzones", "", "no such operation"},
		{"another method", "PUT " + rrset, batch("CREATE", www), "no such operation"},
		{"no id", "GET /2013-04-01/hostedzone//rrset", "", "no such operation"},
		{"a long id", "GET /2013-04-01/hostedzone/" + long, "", "path: Id: out of bounds: 33 characters"},
		{"an id with its path", "GET /2013-04-01/change/%2Fchange%2FC1", "", ""}, // the model has no pattern for it
		{"an unknown parameter", "GET " + rrset + "?maxItems=300", "", `query: unknown parameter "maxItems"`},
		{"a parameter of another operation", "GET " + rrset + "?dnsname=x", "", `query: unknown parameter "dnsname"`},
		{"a parameter twice", "GET " + rrset + "?type=A&type=AAAA", "", `query: "type" twice`},
		{"an unknown type", "GET " + rrset + "?type=TYPE65", "", `query: type: "TYPE65" is none of`},
		{"an empty identifier", "GET " + rrset + "?identifier=", "", "query: identifier: out of bounds: 0 characters"},
		{"a long marker", "GET /2013-04-01/hostedzone?marker=" + long + long, "", "query: marker: out of bounds: 66 characters"},
		{"a query with a semicolon", "GET " + rrset + "?a;b", "", "semicolon"},

		{"a body to a list", "GET " + rrset, "<x/>", "a body, where there is none"},
		{"no body", "POST " + rrset, "", "no document"},
		{"half a body", "POST " + rrset, batch("CREATE", www)[:200], "no document"},
		{"JSON", "POST " + rrset, `{"ChangeBatch":{}}`, "no document"},
		{"another document", "POST " + rrset, `<ChangeBatch xmlns="` + namespace + `"/>`, `document "ChangeBatch"`},
		{"another namespace", "POST " + rrset, strings.Replace(batch("CREATE", www), "2013-04-01", "2012-12-12", 1), "is of namespace"},
		{"an attribute", "POST " + rrset, instead("<TTL>", `<TTL unit="s">`), `unknown attribute "unit"`},
		{"no changes", "POST " + rrset, strings.NewReplacer("<Change>", "<!--", "</Change>", "-->").Replace(batch("CREATE", "")), "Changes: out of bounds: 0 items"},
		{"no batch", "POST " + rrset, `<ChangeResourceRecordSetsRequest xmlns="` + namespace + `"/>`, `no "ChangeBatch"`},
		{"an action in lower case", "POST " + rrset, batch("create", www), `Action: "create" is none of`},
		{"an unknown element", "POST " + rrset, instead("<TTL>300</TTL>", "<Ttl>300</Ttl>"), `unknown element "Ttl"`},
		{"an element twice", "POST " + rrset, instead("<TTL>300</TTL>", "<TTL>300</TTL><TTL>60</TTL>"), `"TTL" twice`},
		{"no name", "POST " + rrset, instead("<Name>www.example.org.</Name>", ""), `no "Name"`},
		{"a long name", "POST " + rrset, instead("www", strings.Repeat("w", 1024)), "Name: out of bounds: 1037 characters"},
		{"no type", "POST " + rrset, instead("<Type>A</Type>", ""), `no "Type"`},
		{"a type by number", "POST " + rrset, instead("<Type>A</Type>", "<Type>1</Type>"), `Type: "1" is none of`},
		{"a negative TTL", "POST " + rrset, instead("300", "-1"), "TTL: out of bounds: -1"},
		{"a TTL of 32 bits", "POST " + rrset, instead("300", "2147483648"), "TTL: out of bounds: 2147483648"},
		{"a TTL with its unit", "POST " + rrset, instead("300", "5m"), `TTL: strconv.ParseInt: parsing "5m"`},
		{"an empty TTL", "POST " + rrset, instead("300", ""), "TTL: strconv.ParseInt"},
		{"no value in a record", "POST " + rrset, instead("<Value>192.0.2.1</Value>", ""), `ResourceRecord[1]: no "Value"`},
		{"an empty list", "POST " + rrset, instead("<ResourceRecord><Value>192.0.2.1</Value></ResourceRecord>", ""), "ResourceRecords: out of bounds: 0 items"},
		{"a value that is no record", "POST " + rrset, instead("<ResourceRecord><Value>192.0.2.1</Value></ResourceRecord>", "<Value>192.0.2.1</Value>"), `"Value" in a list of "ResourceRecord"`},
		{"a long value", "POST " + rrset, instead("192.0.2.1", strings.Repeat("1", 4001)), "Value: out of bounds: 4001 characters"},
		{"elements in a value", "POST " + rrset, instead("192.0.2.1", "<b>192.0.2.1</b>"), "Value: elements in place of a value"},
		{"text beside elements", "POST " + rrset, instead("</ResourceRecord>", "192.0.2.2</ResourceRecord>"), `text "192.0.2.2" beside elements`},
		{"a weight out of bounds", "POST " + rrset, instead("<TTL>", "<Weight>256</Weight><TTL>"), "Weight: out of bounds: 256"},
		{"a failover that is none", "POST " + rrset, instead("<TTL>", "<Failover>BOTH</Failover><TTL>"), `Failover: "BOTH" is none of PRIMARY, SECONDARY`},
		{"a boolean that is none", "POST " + rrset, instead("<TTL>", "<MultiValueAnswer>1</MultiValueAnswer><TTL>"), `"1" is no boolean`},
		{"a location without its id", "POST " + rrset, instead("<TTL>", "<CidrRoutingConfig><LocationName>x</LocationName></CidrRoutingConfig><TTL>"), `CidrRoutingConfig: no "CollectionId"`},
		{"an id out of its pattern", "POST " + rrset, instead("<TTL>", "<CidrRoutingConfig><CollectionId>x</CollectionId><LocationName>x</LocationName></CidrRoutingConfig><TTL>"), `CollectionId: "x" does not match`},
	} {
		t.Run(tt.name, func(t *testing.T) { description.Want(t, m.breaches, tt.request, tt.body, tt.want) })
	}
}

// A test that sends a server what the model does not allow fails at its end,
// unless it says that it is meant; also when something before the server has
// answered.
func TestModelFailsTests(t *testing.T) {
	aws(t)
	refuse := func(http.Handler) http.Handler { return http.NotFoundHandler() }
	pass := func(h http.Handler) http.Handler { return h }
	for _, tt := range []struct {
		query string
		wrap  []func(http.Handler) http.Handler
		meant bool
		want  int
	}{
		{"?maxitems=1", nil, false, 0},
		{"?max=1", nil, false, 1},
		{"?max=1", []func(http.Handler) http.Handler{refuse}, false, 1},
		{"?max=1", []func(http.Handler) http.Handler{pass}, false, 1},
		{"?max=1", nil, true, 0},
	} {
		inner := &description.Ending{T: t}
		s := Start(inner, tt.wrap...)
		if tt.meant {
			s.Unchecked()
		}
		resp, err := http.Get(s.URL + "/2013-04-01/hostedzone" + tt.query)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		inner.End()
		if len(inner.Errors) != tt.want || tt.want > 0 && !strings.Contains(inner.Errors[0], `unknown parameter "max"`) {
			t.Errorf("%s: %q, want %d errors", tt.query, inner.Errors, tt.want)
		}
	}
}
