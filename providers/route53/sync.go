package route53

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/transport"
)

// maxUnanswered is how many polls in a row may go without an answer.
const maxUnanswered = 5

// WaitInSync polls the changes of a receipt until Route 53 calls each INSYNC:
// all its authoritative servers serve it, which generally takes less than 60 s
// (https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetChange.html).
// The SDK's own waiter is not used: it polls every 30 s.
func (p *Provider) WaitInSync(ctx context.Context, z zone.Name, r providers.Receipt) error {
	for id := range strings.SplitSeq(r.ID, ",") {
		if id == "" {
			continue
		}
		if err := p.wait(ctx, id); err != nil {
			return fmt.Errorf("wait until change %s of zone %s is in sync: %w", id, z, err)
		}
	}
	return nil
}

func (p *Provider) wait(ctx context.Context, id string) error {
	unanswered := 0
	for {
		done, err := p.inSync(ctx, id)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case done:
			return nil
		case err == nil:
			unanswered = 0
		case errors.Is(err, providers.ErrCredentials), unanswered == maxUnanswered:
			return err
		default:
			unanswered++
		}
		if err := transport.Wait(ctx, p.poll); err != nil {
			return err
		}
	}
}

// inSync asks once. To be throttled is no error: the question comes again.
func (p *Provider) inSync(ctx context.Context, id string) (bool, error) {
	out, err := p.client.GetChange(ctx, &sdk.GetChangeInput{Id: &id})
	if err != nil {
		err = p.explain(ctx, "", err)
		if _, throttled := errors.AsType[*providers.RateLimitError](err); throttled {
			return false, nil
		}
		return false, err
	}
	if out.ChangeInfo == nil {
		return false, p.strange(http.StatusOK, "")
	}
	return out.ChangeInfo.Status == types.ChangeStatusInsync, nil
}
