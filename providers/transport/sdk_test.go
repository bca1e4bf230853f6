package transport_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/cloudflare/cloudflare-go/v7/dns"
	"github.com/cloudflare/cloudflare-go/v7/option"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/transport"
)

const canary = "canary-of-the-sdk"

// vendorSDK makes a read and a write through a vendor's SDK over a chain.
type vendorSDK struct {
	name string
	open func(url string, c *transport.Chain) (read, write func(context.Context) error)
}

var sdks = []vendorSDK{
	{"cloudflare-go", func(url string, c *transport.Chain) (read, write func(context.Context) error) {
		s := dns.NewRecordService(
			option.WithBaseURL(url), option.WithHTTPClient(c.Client()), option.WithMaxRetries(0), option.WithAPIToken(canary))
		read = func(ctx context.Context) error {
			var p dns.RecordListParams
			p.ZoneID.Value, p.ZoneID.Present = "z1", true
			_, err := s.List(ctx, p)
			return err
		}
		write = func(ctx context.Context) error {
			var p dns.RecordBatchParams
			p.ZoneID.Value, p.ZoneID.Present = "z1", true
			_, err := s.Batch(ctx, p)
			return err
		}
		return read, write
	}},
	{"aws-sdk-go-v2", func(url string, c *transport.Chain) (read, write func(context.Context) error) {
		s := route53.New(route53.Options{
			BaseEndpoint: &url, HTTPClient: c.Client(), Retryer: aws.NopRetryer{}, Region: "us-east-1",
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: canary}, nil
			}),
		})
		read = func(ctx context.Context) error {
			_, err := s.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{HostedZoneId: aws.String("Z1")})
			return err
		}
		write = func(ctx context.Context) error {
			_, err := s.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
				HostedZoneId: aws.String("Z1"), ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{
					Action:            types.ChangeActionCreate,
					ResourceRecordSet: &types.ResourceRecordSet{Name: aws.String("www.example.org."), Type: types.RRTypeA},
				}}},
			})
			return err
		}
		return read, write
	}},
}

// The errors of the chain come through the SDKs, and the SDKs try nothing again.
func TestSDKs(t *testing.T) {
	for _, sdk := range sdks {
		t.Run(sdk.name, func(t *testing.T) {
			var status, seen atomic.Int32
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				seen.Add(1)
				code := int(status.Load())
				if code == 0 {
					panic(http.ErrAbortHandler)
				}
				w.Header().Set("Retry-After", "3600")
				w.WriteHeader(code)
				_, _ = w.Write([]byte(r.Header.Get("Authorization")))
			}))
			defer s.Close()
			c := transport.New(transport.Options{Name: sdk.name, Secrets: []string{canary}, Pause: time.Millisecond})
			read, write := sdk.open(s.URL, c)
			try := func(code, requests int, call func(context.Context) error) error {
				t.Helper()
				status.Store(int32(code))
				seen.Store(0)
				err := c.Redact(call(t.Context()))
				if int(seen.Load()) != requests {
					t.Errorf("status %d: %d requests, want %d", code, seen.Load(), requests)
				}
				return err
			}
			for _, call := range []func(context.Context) error{read, write} {
				e, ok := errors.AsType[*providers.RateLimitError](try(http.StatusTooManyRequests, 1, call))
				if !ok || time.Until(e.Until) < 59*time.Minute {
					t.Errorf("429: %v", e)
				}
			}
			for _, code := range []int{0, http.StatusInternalServerError} {
				if err := try(code, 1, write); !errors.Is(err, providers.ErrUnknown) {
					t.Errorf("status %d: %v, want ErrUnknown", code, err)
				}
			}
			// Retry-After is longer than the chain's patience: one try.
			err := try(http.StatusBadGateway, 1, read)
			if e, ok := errors.AsType[*transport.AnswerError](err); !ok || e.Status != http.StatusBadGateway || errors.Is(err, providers.ErrUnknown) {
				t.Errorf("502: %v, want an AnswerError", err)
			}
		})
	}
}
