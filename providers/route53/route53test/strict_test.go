package route53test_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/dnsplan/dnsplan/providers/route53/route53test"
)

func client(t *testing.T, s *route53test.Server) *sdk.Client {
	t.Helper()
	c, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("us-east-1"))
	if err != nil {
		t.Fatal(err)
	}
	return sdk.NewFromConfig(c, func(o *sdk.Options) {
		o.BaseEndpoint = &s.URL
		o.Retryer = aws.NopRetryer{}
	})
}

// parse reads "CREATE www A 60 192.0.2.1 192.0.2.2"; with "/one=10" behind the
// name it is a weighted set.
func parse(line string) types.Change {
	f := strings.Fields(line)
	name, part, weighted := strings.Cut(f[1], "/")
	if name == "@" {
		name = "example.org."
	} else if !strings.HasSuffix(name, ".") {
		name += ".example.org."
	}
	set := &types.ResourceRecordSet{Name: &name, Type: types.RRType(f[2])}
	if weighted {
		id, weight, _ := strings.Cut(part, "=")
		var n int64
		_, _ = fmt.Sscan(weight, &n)
		set.SetIdentifier, set.Weight = &id, &n
	}
	var ttl int64
	_, _ = fmt.Sscan(f[3], &ttl)
	set.TTL = &ttl
	for _, v := range f[4:] {
		set.ResourceRecords = append(set.ResourceRecords, types.ResourceRecord{Value: aws.String(strings.ReplaceAll(v, "_", " "))})
	}
	return types.Change{Action: types.ChangeAction(f[0]), ResourceRecordSet: set}
}

// many is n changes of one value each.
func many(action string, n int, value string) (lines []string) {
	for i := range n {
		lines = append(lines, fmt.Sprintf("%s h%d TXT 60 %s", action, i, value))
	}
	return lines
}

// The server refuses what the vendor refuses, in the vendor's words where these
// are known, and then nothing of the batch is written.
func TestStrict(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines []string
		words string // empty: it is taken
	}{
		{"create", []string{"CREATE new A 60 192.0.2.1"}, ""},
		{"create a wildcard", []string{"CREATE * A 60 192.0.2.1"}, ""},
		{"create what exists", []string{"CREATE www A 60 192.0.2.1"}, "Tried to create resource record set [name='www.example.org.', type='A'] but it already exists"},
		{"delete", []string{"DELETE www A 300 192.0.2.2 192.0.2.1"}, ""},
		{"delete a part", []string{"DELETE www A 300 192.0.2.1"}, "but the values provided do not match the current values"},
		{"delete with another TTL", []string{"DELETE www A 301 192.0.2.1 192.0.2.2"}, "but the values provided do not match the current values"},
		{"delete what is not", []string{"DELETE gone A 60 192.0.2.1"}, "Tried to delete resource record set [name='gone.example.org.', type='A'] but it was not found"},
		{"replace", []string{"DELETE www A 300 192.0.2.1 192.0.2.2", "CREATE www A 60 192.0.2.3"}, ""},
		{"upsert", []string{"UPSERT www A 60 192.0.2.3"}, ""},
		{"upsert over an alias", []string{"UPSERT alias A 60 192.0.2.3"}, ""},
		{"upsert over weighted", []string{"UPSERT w A 60 192.0.2.3"}, "RRSet with DNS name w.example.org., type A, SetIdentifier null cannot be created as other RRSets exist with the same name and type."},
		{"weighted beside simple", []string{"CREATE www/one=1 A 300 192.0.2.3"}, "cannot be created as other RRSets exist"},
		{"weighted beside weighted", []string{"CREATE w/two=1 A 60 192.0.2.3"}, ""},
		{"another TTL of weighted", []string{"CREATE w/two=1 A 61 192.0.2.3"}, "another TTL than the other weighted"},
		{"a CNAME beside others", []string{"CREATE www CNAME 60 x.example.net."}, "conflicting RRSet of type CNAME"},
		{"an address beside a CNAME", []string{"CREATE cn A 60 192.0.2.1"}, "RRSet of type A with DNS name cn.example.org. is not permitted because a conflicting RRSet of type CNAME"},
		{"in place of a CNAME", []string{"DELETE cn CNAME 60 x.example.net.", "CREATE cn A 60 192.0.2.1"}, ""},
		{"a CNAME at the apex", []string{"CREATE @ CNAME 60 x.example.net."}, "not permitted at apex"},
		{"outside", []string{"CREATE www.example.net. A 60 192.0.2.1"}, "RRSet with DNS name www.example.net. is not permitted in zone example.org."},
		{"no IPv4", []string{"CREATE new A 60 2001:db8::1"}, "Value is not a valid IPv4 address"},
		{"no IPv6", []string{"CREATE new AAAA 60 192.0.2.1"}, "Value is not a valid IPv6 address"},
		{"no quotes", []string{"CREATE new TXT 60 text"}, "Value should be enclosed in quotation marks"},
		{"no preference", []string{"CREATE new MX 60 mail.example.org."}, "MXRRDATANotTwoFields"},
		{"MX", []string{"CREATE new MX 60 10_mail.example.org."}, ""},
		{"an unknown type", []string{"CREATE new TYPE65280 60 x"}, "UnsupportedType"},
		{"the same value twice", []string{"CREATE new A 60 192.0.2.1 192.0.2.1"}, "Duplicate Resource Record"},
		{"no value", []string{"CREATE new A 60"}, "Expected exactly one of"},
		{"a negative TTL", []string{"CREATE new A -1 192.0.2.1"}, "TTL"},
		{"the SOA record", []string{"DELETE @ SOA 900 ns-1.awsdns-01.org._awsdns-hostmaster.amazon.com._1_7200_900_1209600_86400"}, "exactly one SOA record"},
		{"1,000 records", many("CREATE", 1000, `"x"`), ""},
		{"1,001 records", many("CREATE", 1001, `"x"`), "Number of records limit of 1000 exceeded."},
		{"500 upserts", many("UPSERT", 500, `"x"`), ""},
		{"501 upserts", many("UPSERT", 501, `"x"`), "Number of records limit of 1000 exceeded."},
		{"32,000 characters", many("CREATE", 320, `"`+strings.Repeat("x", 98)+`"`), ""},
		{"more characters", many("CREATE", 321, `"`+strings.Repeat("x", 98)+`"`), "Number of characters limit of 32000 exceeded."},
		{"half of them as upserts", many("UPSERT", 161, `"`+strings.Repeat("x", 98)+`"`), "Number of characters limit of 32000 exceeded."},
		{"a good one before a bad one", []string{"CREATE new A 60 192.0.2.1", "CREATE www A 60 192.0.2.1"}, "already exists"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			route53test.Setenv(t)
			s := route53test.Start(t)
			s.Unchecked()
			z := s.AddZone(route53test.Zone{ID: "Z1", Name: "example.org"})
			z.Put(
				route53test.Simple("www.example.org", "A", 300, "192.0.2.1", "192.0.2.2"),
				route53test.Simple("cn.example.org", "CNAME", 60, "x.example.net."),
				route53test.Weighted("w.example.org", "A", "one", 1, 60, "192.0.2.1"),
				route53test.Alias("alias.example.org", "A", "lb.example.net.", "Z2"),
			)
			before := fmt.Sprint(z.Sets())
			batch := &types.ChangeBatch{}
			for _, l := range tt.lines {
				batch.Changes = append(batch.Changes, parse(l))
			}
			_, err := client(t, s).ChangeResourceRecordSets(t.Context(), &sdk.ChangeResourceRecordSetsInput{HostedZoneId: aws.String("Z1"), ChangeBatch: batch})
			if (err == nil) != (tt.words == "") || !strings.Contains(fmt.Sprint(err), tt.words) {
				t.Errorf("%v, want %q", err, tt.words)
			}
			if moved := before != fmt.Sprint(z.Sets()); moved != (tt.words == "") {
				t.Errorf("the zone has moved: %t", moved)
			}
		})
	}
}

// Requests need a signature by a key that is known.
func TestSigned(t *testing.T) {
	route53test.Setenv(t)
	s := route53test.Start(t)
	s.AddZone(route53test.Zone{ID: "Z1", Name: "example.org"})
	resp, err := http.Get(s.URL + "/2013-04-01/hostedzone")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusForbidden || !strings.Contains(string(body), "MissingAuthenticationToken") {
		t.Errorf("without a signature: %d %s", resp.StatusCode, body)
	}
	list := func() error {
		_, err := client(t, s).ListResourceRecordSets(t.Context(), &sdk.ListResourceRecordSetsInput{HostedZoneId: aws.String("Z1"), StartRecordName: aws.String("*.a b+c.example.org")})
		return err
	}
	if err := list(); err != nil {
		t.Error(err)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	if err := list(); err == nil || !strings.Contains(err.Error(), "SignatureDoesNotMatch") {
		t.Errorf("another secret: %v", err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")
	if err := list(); err == nil || !strings.Contains(err.Error(), "InvalidClientTokenId") {
		t.Errorf("another key: %v", err)
	}
	if n := s.Count("ListResourceRecordSets"); n != 3 {
		t.Errorf("%d requests in the log", n)
	}
}
