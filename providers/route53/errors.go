package route53

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/transport"
)

// explain turns an error of the SDK into one that says what to do. id is the
// hosted zone that was asked about, or empty.
func (p *Provider) explain(ctx context.Context, id string, err error) error {
	return p.keys.redact(p.judge(ctx, id, err))
}

func (p *Provider) judge(ctx context.Context, id string, err error) error {
	call := callOf(err)
	_, undecoded := errors.AsType[*smithy.DeserializationError](err)
	status := 0
	if r, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		status = r.HTTPStatusCode()
	}
	switch {
	case errors.Is(err, providers.ErrUnknown):
		return unwrapURL(err)
	case undecoded && call == changeCall && status < http.StatusMultipleChoices:
		return fmt.Errorf("%w: the change batch was sent: %w", providers.ErrUnknown, p.strange(status, ""))
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	if limited, ok := errors.AsType[*providers.RateLimitError](err); ok {
		return limited
	}
	if errors.Is(err, providers.ErrCredentials) {
		return bare(err)
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok && !undecoded {
		return p.judgeAnswer(api, call, id, status)
	}
	if undecoded {
		return fmt.Errorf("%s: %w", call, p.strange(status, ""))
	}
	return unwrapURL(err)
}

const changeCall = "ChangeResourceRecordSets"

// callOf returns the API's name for what was asked, which is also that of the
// IAM action.
func callOf(err error) string {
	if op, ok := errors.AsType[*smithy.OperationError](err); ok {
		return op.Operation()
	}
	return "request"
}

// unwrapURL takes off what the SDK and net/http wrap around a failed request.
func unwrapURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	if op, ok := errors.AsType[*smithy.OperationError](err); ok {
		return fmt.Errorf("%s: %w", op.Operation(), op.Err)
	}
	return err
}

// bare takes off what the SDK wraps around an error of the credentials, its own
// or one that something on the way answered.
func bare(err error) error {
	for e := err; e != nil; e = errors.Unwrap(e) {
		if strings.HasPrefix(e.Error(), providers.ErrCredentials.Error()) {
			return e
		}
	}
	return unwrapURL(err)
}

// judgeAnswer says what to do about an error that Route 53 answered with
// (https://docs.aws.amazon.com/Route53/latest/APIReference/CommonErrors.html).
func (p *Provider) judgeAnswer(api smithy.APIError, call, id string, status int) error {
	said := fmt.Sprintf("%s: %s", api.ErrorCode(), sentence(api.ErrorMessage()))
	if denied(api) {
		return fmt.Errorf("%w: allow the IAM action route53:%s%s: %s", providers.ErrCredentials, call, onResource(call, id), said)
	}
	switch api.ErrorCode() {
	case "NoSuchHostedZone":
		return fmt.Errorf("%w: hosted zone %s is not in this AWS account: check hosted_zone_id, and that AWS_PROFILE or the access key is of the right account: %s",
			providers.ErrZoneNotFound, id, said)
	case "ExpiredToken", "ExpiredTokenException":
		return fmt.Errorf("%w: the AWS session has expired: log in again (aws sso login) or renew AWS_SESSION_TOKEN: %s", providers.ErrCredentials, said)
	case "InvalidClientTokenId", "UnrecognizedClientException", "UnrecognizedClient":
		return fmt.Errorf("%w: AWS does not know the access key, or it was revoked, or AWS_SESSION_TOKEN is of another one: %s", providers.ErrCredentials, said)
	case "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "RequestExpired", "RequestInTheFuture":
		return fmt.Errorf("%w: the secret access key is not that of the access key, or this machine's clock is wrong%s: %s", providers.ErrCredentials, p.clock(), said)
	}
	if isStranger(api, status) {
		return fmt.Errorf("%s: %w", call, p.strange(status, said))
	}
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		return fmt.Errorf("%w: %s: %s", providers.ErrCredentials, call, said)
	}
	return &answerError{call, status, said}
}

// denied tells a refusal of one action, where another may be allowed.
func denied(api smithy.APIError) bool {
	switch api.ErrorCode() {
	case "AccessDenied", "AccessDeniedException", "NotAuthorizedException", "UnauthorizedOperation":
		return true
	}
	return false
}

// withheld tells the refusal of an action that this caller may not ask for, or
// that the server does not have.
func withheld(err error) bool {
	if api, ok := errors.AsType[smithy.APIError](err); ok && denied(api) {
		return true
	}
	r, ok := errors.AsType[*awshttp.ResponseError](err)
	return ok && r.HTTPStatusCode() == http.StatusNotFound
}

// strange is an answer that is not one of Route 53.
func (p *Provider) strange(status int, said string) error {
	e := &transport.AnswerError{Host: "the API", Status: status, Said: said}
	if u, err := url.Parse(p.endpoint); err == nil && u.Host != "" {
		e.Host = u.Host
	}
	return fmt.Errorf("%w: not as Route 53 would: check the endpoint", e)
}

// isStranger tells an answer of something that does not know the API, or that
// is no error document: the SDK calls one UnknownError.
func isStranger(api smithy.APIError, status int) bool {
	switch api.ErrorCode() {
	case "UnknownOperationException", "InvalidAction":
		return true
	case "UnknownError":
		return status != http.StatusUnauthorized && status != http.StatusForbidden
	}
	return false
}

// answerError is an error of the API that says nothing of its own to do.
type answerError struct {
	call   string
	status int
	said   string
}

// Error says what was asked and what Route 53 answered.
func (e *answerError) Error() string { return e.call + ": " + e.said }

// sentence is a message up to where AWS repeats what was signed, the session
// token included.
func sentence(s string) string {
	before, _, _ := strings.Cut(s, "The Canonical String")
	return strings.Join(strings.Fields(before), " ")
}

// onResource names what an IAM action is allowed on
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html).
func onResource(call, id string) string {
	switch {
	case call == "GetChange":
		return " on arn:aws:route53:::change/*"
	case id != "":
		return " on arn:aws:route53:::hostedzone/" + id
	}
	return " on *"
}

// clock tells how far this machine's clock is from AWS's, where that is much.
func (p *Provider) clock() string {
	if ahead, known := p.chain.Skew(); known && ahead.Abs() > time.Minute {
		return fmt.Sprintf(" (it is %s from that of AWS)", ahead)
	}
	return ""
}
