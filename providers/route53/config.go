package route53

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/smithy-go/logging"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/transport"
)

const (
	// defaultRegion is where Route 53 of the "aws" partition is signed for.
	defaultRegion = "us-east-1"
	// defaultRate stays under the 5 requests a second that Route 53 takes of an
	// account
	// (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html).
	defaultRate = 4
	burst       = 5
	// tries are enough to sit out 15 s of throttling.
	tries       = 6
	defaultPoll = 3 * time.Second
)

// Config is the settings of a provider of type route53. It holds no secret:
// credentials are the SDK's business.
type Config struct {
	// Name is the provider's name in the inventory, for the log.
	Name string `json:"name"`
	// HostedZoneID chooses one hosted zone, as "Z123" or "/hostedzone/Z123";
	// without it the public one of the zone's name is taken.
	HostedZoneID string `json:"hosted_zone_id"`
	// Endpoint replaces the API's URL; empty is the SDK's choice, AWS_ENDPOINT_URL
	// included.
	Endpoint string `json:"endpoint"`
	// Region replaces the one of the AWS configuration. Where neither names one
	// it is us-east-1.
	Region string `json:"region"`
	// Rate is the most requests a second; 0 is 4. The account may make 5, from
	// wherever they come.
	Rate float64 `json:"rate"`
	// Pause is how long to wait before a second try; 0 is the chain's.
	Pause time.Duration `json:"pause"`
	// Poll is how long to wait between two questions whether a change is in
	// sync; 0 is 3 s.
	Poll time.Duration `json:"poll"`
	// Log takes a line for each request; nil takes none.
	Log func(line string) `json:"-"`
}

// Provider changes the hosted zones that one set of AWS credentials sees. Its
// methods may be called concurrently.
type Provider struct {
	zoneID   string // without "/hostedzone/"; empty to find zones by name
	endpoint string
	poll     time.Duration
	config   aws.Config
	client   *sdk.Client
	chain    *transport.Chain
	keys     *keyring

	mu    sync.Mutex
	zones map[zone.Name]hosted
}

var (
	_ providers.Provider = (*Provider)(nil)
	_ providers.Looker   = (*Provider)(nil)
	_ providers.Lister   = (*Provider)(nil)
	_ providers.Syncer   = (*Provider)(nil)
	_ providers.Examiner = (*Provider)(nil)
)

// New checks the settings and reads the AWS configuration. It makes no request:
// credentials are fetched when they are needed first. A configuration that
// cannot be read, or a profile that is not there, is an ErrCredentials.
func New(ctx context.Context, c Config) (*Provider, error) {
	id, err := parseZoneID(c.HostedZoneID)
	if err != nil {
		return nil, fmt.Errorf("route53: hosted_zone_id: %w", err)
	}
	if err := checkEndpoint(c.Endpoint); err != nil {
		return nil, fmt.Errorf("route53: endpoint: %w", err)
	}
	shared, err := loadConfig(ctx, c.Region)
	if err != nil {
		return nil, fmt.Errorf("route53: %w: %w: check AWS_PROFILE and the files of the AWS configuration", providers.ErrCredentials, err)
	}
	if c.Rate == 0 {
		c.Rate = defaultRate
	}
	if c.Poll == 0 {
		c.Poll = defaultPoll
	}
	p := &Provider{zoneID: id, endpoint: c.Endpoint, poll: c.Poll, zones: map[zone.Name]hosted{}}
	p.keys = &keyring{next: shared.Credentials}
	p.keys.remember(configured(shared)...)
	shared.Credentials = p.keys
	p.config = shared
	p.chain = transport.New(transport.Options{
		Name: c.Name, Base: connections(shared), Secrets: p.keys.known(), Rate: c.Rate, Burst: burst, Writes: writes, Throttled: throttled, Tries: tries, Pause: c.Pause, Log: c.Log,
	})
	p.client = sdk.NewFromConfig(shared, func(o *sdk.Options) {
		o.HTTPClient = p.chain.Client()
		o.Retryer = aws.NopRetryer{} // the chain tries again, and it alone
		if c.Endpoint != "" {
			o.BaseEndpoint = &c.Endpoint
		}
	})
	return p, nil
}

// loadConfig reads the environment and the shared files. The mode "auto" of
// AWS_DEFAULTS_MODE would ask an instance's metadata service, so it is not
// heeded; it chooses time-outs and retries, which are the chain's here.
func loadConfig(ctx context.Context, region string) (aws.Config, error) {
	opts := []func(*config.LoadOptions) error{
		config.WithDefaultRegion(defaultRegion),
		config.WithDefaultsMode(aws.DefaultsModeStandard),
		config.WithLogger(logging.Nop{}), // what matters comes back as an error
	}
	if region != "" {
		opts = append(opts, config.WithRegion(region))
	}
	return config.LoadDefaultConfig(ctx, opts...)
}

// connections makes them as the SDK would: with AWS_CA_BUNDLE, behind a proxy. A
// program whose plain transport is one of its own wants that.
func connections(c aws.Config) http.RoundTripper {
	if _, usual := transport.Plain().(*http.Transport); !usual {
		return nil
	}
	if client, ok := c.HTTPClient.(*awshttp.BuildableClient); ok {
		return client.GetTransport()
	}
	return nil
}

var errZoneID = errors.New("want letters and digits, as in Z123 or /hostedzone/Z123")

// parseZoneID reads Config.HostedZoneID.
func parseZoneID(s string) (string, error) {
	id := strings.TrimPrefix(strings.TrimPrefix(s, "/"), "hostedzone/")
	if s != "" && id == "" || len(id) > 32 {
		return "", fmt.Errorf("%q: %w", s, errZoneID)
	}
	for _, r := range id {
		if (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return "", fmt.Errorf("%q: %w", s, errZoneID)
		}
	}
	return id, nil
}

var errEndpoint = errors.New("want a URL, as in https://route53.amazonaws.com")

func checkEndpoint(s string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return errEndpoint // err repeats s, which may hold a password
	case u.User != nil:
		return errors.New("the URL holds a user: AWS takes credentials elsewhere")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return fmt.Errorf("%q: %w", s, errEndpoint)
	}
	return nil
}

// String names the settings.
func (p *Provider) String() string {
	return fmt.Sprintf("route53 hosted_zone_id %q endpoint %q region %q", p.zoneID, p.endpoint, p.config.Region)
}

// GoString is String, so that %#v shows no credentials.
func (p *Provider) GoString() string { return p.String() }

// Limits returns what Route 53 documents. The TTL 0, which it takes, is nothing
// to plan with. A
// batch is 1,000 records, and a change of one address takes two.
func (p *Provider) Limits(zone.Name) providers.Limits {
	return providers.Limits{
		MinTTL: 1, MaxTTL: zone.MaxTTL, Sync: time.Minute, Late: providers.LateHTTP, Batch: maxChanges, Atomic: true, Conditional: true,
	}
}

// writes tells the one request that changes a zone.
func writes(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasSuffix(strings.TrimSuffix(r.URL.Path, "/"), "/rrset")
}

// throttled tells a refusal for the rate, which Route 53 answers with the status
// 400, and one because the zone's last change is still being taken in
// (https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html,
// PriorRequestNotComplete). Neither was acted on.
func throttled(status int, body []byte) bool {
	if status < http.StatusBadRequest {
		return false
	}
	var e struct {
		Code    string `xml:"Error>Code"`
		Message string `xml:"Error>Message"`
	}
	if xml.Unmarshal(body, &e) != nil {
		return false
	}
	_, ok := retry.DefaultThrottleErrorCodes[e.Code]
	return ok || strings.HasPrefix(e.Message, "Rate exceeded")
}
