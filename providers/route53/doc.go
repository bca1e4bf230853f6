// Package route53 reads and changes public hosted zones of Amazon Route 53.
//
//	p, err := route53.New(ctx, route53.Config{Name: "aws", Log: settings.Log})
//	live, err := p.Read(ctx, "example.org.")
//
// Credentials come through the SDK's whole chain: the environment, the shared
// configuration and its profiles, SSO, a process, a container's or an instance's
// role. They are fetched when the first request needs them.
//
// A write is one change batch, applied whole or not at all: each RRset that
// changes is deleted exactly as it was read and created as it is wanted, so that
// Route 53 itself compares and sets
// (https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html).
// Only what exceeds 1,000 records or 32,000 characters is split, in the order
// given; A and AAAA of one name never part. What the simple set holds beside its
// values, a health check, is created again with it.
//
// Aliases and sets with a routing policy are foreign: read, shown, never
// written. Several of one name and type are one foreign RRset.
//
// The provider of github.com/libdns/route53 (v1.6.2) is not used, because
// nothing here could rest on it, as the tests show: it does not see aliases and
// overwrites them, reads weighted sets as plain ones, returns the wildcard as
// \052 and drops the values of one that it adds to, takes a private twin of a
// zone for the public one, drops health checks, sends a request for each RRset
// without a precondition, and reads nothing where it cannot parse one record.
// Where the AWS configuration is wrong it ends the process.
package route53
