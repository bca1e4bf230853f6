package route53

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
)

const (
	// maxSkew is how far a clock may be off before AWS refuses signatures.
	maxSkew = 5 * time.Minute
	// tellSkew is how far it may be off without a word.
	tellSkew = 30 * time.Second
)

// Examine finds the credentials and who they are, looks up each zone, and lists
// one of its record sets. Whether records may be changed only a change tells.
// With an Endpoint of its own it does not ask AWS who is asking.
func (p *Provider) Examine(ctx context.Context, zones []zone.Name) []providers.Finding {
	found, ok := p.examineCredentials(ctx)
	findings := []providers.Finding{found}
	if !ok {
		return findings
	}
	for _, z := range zones {
		findings = append(findings, p.examineZone(ctx, z)...)
	}
	if ahead, known := p.chain.Skew(); known {
		findings = append(findings, clockFinding(ahead))
	}
	return findings
}

// examineCredentials tells where the credentials are from, never what they are.
func (p *Provider) examineCredentials(ctx context.Context) (providers.Finding, bool) {
	f := providers.Finding{Topic: "credentials"}
	c, err := p.keys.Retrieve(ctx)
	if err != nil {
		f.Verdict, f.Detail, f.Err = providers.Bad, p.keys.redact(err).Error(), err
		f.Remedy = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or log in (aws sso login)"
		return f, false
	}
	f.Detail = "from " + source(c.Source)
	if c.CanExpire {
		f.Detail += fmt.Sprintf(", until %s", c.Expires.UTC().Format(time.RFC3339))
	}
	if p.elsewhere() {
		f.Detail += "; AWS is not asked whose they are, because an endpoint is set"
		return f, true
	}
	who, err := p.who(ctx)
	switch {
	case errors.Is(err, providers.ErrCredentials):
		f.Verdict, f.Detail, f.Remedy = providers.Bad, f.Detail+"; "+err.Error(), "renew the access key, or log in again"
		return f, true
	case err != nil:
		f.Verdict, f.Detail = providers.Unclear, f.Detail+"; AWS does not say whose they are: "+err.Error()
		return f, true
	}
	f.Detail += ", of " + who
	return f, true
}

// source is where the SDK says that it found the credentials, for people.
func source(s string) string {
	switch path, isProfile := strings.CutPrefix(s, "SharedConfigCredentials: "); {
	case isProfile:
		return "the profile in " + path
	case s == "EnvConfigCredentials":
		return "environment variable AWS_ACCESS_KEY_ID"
	}
	return s
}

// elsewhere tells whether requests go somewhere else than to AWS, and those for
// the identity are not sent along.
func (p *Provider) elsewhere() bool {
	if os.Getenv("AWS_ENDPOINT_URL") != "" || os.Getenv("AWS_ENDPOINT_URL_STS") != "" {
		return false
	}
	return p.endpoint != "" || os.Getenv("AWS_ENDPOINT_URL_ROUTE_53") != ""
}

// who asks AWS, which needs no permission
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html).
func (p *Provider) who(ctx context.Context) (string, error) {
	client := sts.NewFromConfig(p.config, func(o *sts.Options) {
		o.HTTPClient = p.chain.Client()
		o.Retryer = aws.NopRetryer{}
	})
	out, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", p.explain(ctx, "", err)
	}
	return aws.ToString(out.Arn), nil
}

func (p *Provider) examineZone(ctx context.Context, z zone.Name) []providers.Finding {
	h, err := p.lookUp(ctx, z)
	if err != nil {
		f := providers.Finding{Topic: "zone", Zone: z, Verdict: providers.Bad, Detail: err.Error(), Err: err}
		switch _, twins := errors.AsType[*twinsError](err); {
		case twins:
			f.Remedy = "set hosted_zone_id"
		case errors.Is(err, providers.ErrZoneNotFound):
			f.Remedy = "check the zone's name and hosted_zone_id, and that the credentials are of the right account"
		}
		return []providers.Finding{f}
	}
	f := providers.Finding{Topic: "zone", Zone: z, Detail: fmt.Sprintf("hosted zone %s, %d record sets", h, h.sets)}
	switch {
	case h.linked != "":
		f.Verdict, f.Detail = providers.Bad, f.Detail+", managed by "+h.linked
		f.Remedy = "change its records through the service that manages it"
	case h.private:
		f.Detail += ", private"
	default:
		f.Detail += ", public"
	}
	return []providers.Finding{f, p.examineAccess(ctx, z, h)}
}

func (p *Provider) examineAccess(ctx context.Context, z zone.Name, h hosted) providers.Finding {
	f := providers.Finding{Topic: "permissions", Zone: z}
	if _, _, err := p.page(ctx, h, cursor{}, 1); err != nil {
		f.Verdict, f.Detail, f.Err = providers.Bad, err.Error(), err
		if errors.Is(err, providers.ErrCredentials) {
			f.Remedy = "allow the IAM action route53:ListResourceRecordSets"
		}
		return f
	}
	f.Verdict, f.Detail = providers.Unclear, "records can be listed; whether they may be changed (route53:ChangeResourceRecordSets, route53:GetChange) only a change tells"
	return f
}

func clockFinding(ahead time.Duration) providers.Finding {
	f := providers.Finding{Topic: "clock", Detail: fmt.Sprintf("%s from that of AWS", ahead)}
	switch {
	case ahead.Abs() >= maxSkew:
		f.Verdict, f.Remedy = providers.Bad, "set this machine's clock: AWS refuses what was signed more than 5 minutes off"
	case ahead.Abs() >= tellSkew:
		f.Verdict, f.Remedy = providers.Unclear, "set this machine's clock"
	}
	return f
}
