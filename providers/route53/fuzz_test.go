package route53

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

func TestNames(t *testing.T) {
	for _, tt := range []struct{ listed, name string }{
		{"www.example.org.", "www.example.org."},
		{"example.org", "example.org."},
		{`\052.example.org.`, "*.example.org."},
		{`\052a.example.org.`, "*a.example.org."},
		{`a\056b.example.org.`, `a\.b.example.org.`},
		{`a\134b.example.org.`, `a\\b.example.org.`},
		{`\100.example.org.`, `\@.example.org.`},
		{`\303\266.example.org.`, `\195\182.example.org.`},
		{`0\05725.2.0.192.in-addr.arpa.`, "0/25.2.0.192.in-addr.arpa."},
		{`\040.example.org.`, `\032.example.org.`},
	} {
		if got := parseName(tt.listed); got != zone.Canonical(tt.name) {
			t.Errorf("%s is read as %s, want %s", tt.listed, got, tt.name)
		}
		written := formatName(zone.Canonical(tt.name))
		if want := strings.TrimSuffix(tt.listed, ".") + "."; written != want {
			t.Errorf("%s is written as %s, want %s", tt.name, written, want)
		}
	}
}

// Whatever is listed as a name is read without a panic, and what was read is
// written so that it is read as the same again.
func FuzzName(f *testing.F) {
	for _, s := range []string{`\052.example.org.`, `\0`, `\400x`, `a\\052.b`, `\`, "", "...", "É.example", `\377\000`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, listed string) {
		name := parseName(listed)
		if again := parseName(formatName(name)); again != name {
			t.Errorf("%q is read as %q, written as %q and read as %q", listed, name, formatName(name), again)
		}
	})
}

// canned answers every request with one body.
type canned string

func (c canned) Do(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/xml"}},
		Body: io.NopCloser(bytes.NewReader([]byte(c))), Request: r,
	}, nil
}

const listing = `<?xml version="1.0"?><ListResourceRecordSetsResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ResourceRecordSets>%s</ResourceRecordSets><IsTruncated>false</IsTruncated><MaxItems>300</MaxItems></ListResourceRecordSetsResponse>`

// A list is read into an ordered snapshot with each key once, or refused.
func FuzzList(f *testing.F) {
	for _, sets := range []string{
		``,
		`<ResourceRecordSet><Name>\052.example.org.</Name><Type>A</Type><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>`,
		`<ResourceRecordSet><Name>w.example.org.</Name><Type>AAAA</Type><SetIdentifier>a</SetIdentifier><Weight>1</Weight><TTL>-5</TTL><ResourceRecords><ResourceRecord><Value>::ffff:192.0.2.1</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>`,
		`<ResourceRecordSet><Name>a.example.org.</Name><Type>A</Type><AliasTarget><HostedZoneId>Z</HostedZoneId><DNSName>x.</DNSName><EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget></ResourceRecordSet>`,
		`<ResourceRecordSet><Type>MX</Type><TTL>99999999999</TTL><ResourceRecords><ResourceRecord><Value>10 a b</Value></ResourceRecord><ResourceRecord/></ResourceRecords></ResourceRecordSet>`,
		`<ResourceRecordSet><Name>g.example.org.</Name><Type>A</Type><SetIdentifier>d</SetIdentifier><GeoLocation><CountryCode>*</CountryCode></GeoLocation></ResourceRecordSet>`,
	} {
		f.Add(fmt.Sprintf(listing, sets))
	}
	client := sdk.New(sdk.Options{
		Region: defaultRegion, Retryer: aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}, nil
		}),
	})
	f.Fuzz(func(t *testing.T, body string) {
		out, err := client.ListResourceRecordSets(t.Context(), &sdk.ListResourceRecordSetsInput{HostedZoneId: aws.String("Z1")},
			func(o *sdk.Options) { o.HTTPClient = canned(body) })
		if err != nil {
			return
		}
		snap, err := snapshot("example.org.", out.ResourceRecordSets)
		if err != nil {
			return
		}
		if !slices.IsSortedFunc(snap.RRsets, func(a, b zone.RRset) int { return zone.CompareKeys(a.Key, b.Key) }) {
			t.Error("the snapshot is not sorted")
		}
		for i, r := range snap.RRsets {
			if i > 0 && r.Key == snap.RRsets[i-1].Key {
				t.Errorf("%s is there twice", r.Key)
			}
			if r.Foreign == "" && (len(r.Addrs) == 0 || r.TTL > zone.MaxTTL) {
				t.Errorf("%v could not be written back", r)
			}
			for _, a := range r.Addrs {
				if zone.TypeOf(a) != r.Type {
					t.Errorf("%s holds %s", r.Key, a)
				}
			}
		}
	})
}

// What Route 53 says of a set is found, in each form that is known.
func TestCulprit(t *testing.T) {
	keys := []zone.Key{{Name: "a.example.org.", Type: zone.A}, {Name: "*.example.org.", Type: zone.AAAA}, {Name: "*.example.org.", Type: zone.A}}
	for _, tt := range []struct {
		words string
		want  zone.Key
	}{
		{`Tried to create resource record set [name='\052.example.org.', type='A'] but it already exists`, keys[2]},
		{`Tried to delete resource record set [name='\052.example.org.', type='AAAA', set-identifier='x'] but it was not found`, keys[1]},
		{`RRSet with DNS name a.example.org., type A, SetIdentifier null cannot be created as other RRSets exist with the same name and type.`, keys[0]},
		{`RRSet of type AAAA with DNS name \052.example.org. is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone example.org.`, keys[1]},
		{`RRSet with DNS name a.example.org. is not permitted in zone example.net.`, keys[0]},
		{`Number of records limit of 1000 exceeded.`, zone.Key{}},
		{`Tried to create resource record set [name='b.example.org.', type='A'] but it already exists`, zone.Key{}},
	} {
		if got := culprit(tt.words, keys); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.words, got, tt.want)
		}
	}
}
