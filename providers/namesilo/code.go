package namesilo

import (
	"fmt"
	"strings"

	"github.com/dnsplan/dnsplan/providers"
)

// keyPage is where keys are made and bound to addresses.
const keyPage = "https://www.namesilo.com/account/api-manager"

// The reply codes that are told apart, out of the list of response codes of
// https://www.namesilo.com/api-reference.
const (
	codeNoOperation  = 107
	codeNoKey        = 109
	codeBadKey       = 110
	codeBadUser      = 111
	codeSubAccount   = 112
	codeBadAddress   = 113
	codeBadDomain    = 114
	codeRegistryDown = 115
	codeSandbox      = 116
	codeNotYours     = 200
	codeInternal     = 201
	codeGeneral      = 210
	codeSuccess      = 300
	codeFewHosts     = 301
	codeNoContact    = 302
	codeBusy         = 400
)

// ok tells success, also that of an order which was not followed in everything.
func (r reply) ok() bool {
	return r.code == codeSuccess || r.code == codeFewHosts || r.code == codeNoContact
}

// failure is the error of an answer to op that is not success.
func (r reply) failure(op string) error {
	no := &refusal{code: r.code, detail: r.detail}
	if r.code == codeNoOperation {
		return fmt.Errorf("%w: check base_url, which is %s for NameSilo's own API", no, DefaultBaseURL)
	}
	if advice, ok := aboutKey(r.code); ok {
		return fmt.Errorf("%w: %w: %s", providers.ErrCredentials, no, advice)
	}
	if writes(op) && (r.code == codeInternal || r.code == codeRegistryDown) {
		return fmt.Errorf("%w: %s was sent: %w", providers.ErrUnknown, op, no)
	}
	return no
}

// aboutKey says what to do about a code that is about who asks.
func aboutKey(code int) (advice string, ok bool) {
	switch code {
	case codeNoKey, codeBadKey, codeBadUser:
		return "check api_key, or make a new key at " + keyPage, true
	case codeSubAccount:
		return "use a key of the main account: NameSilo has no API for sub-accounts", true
	case codeBadAddress:
		return "allow the address of this machine, or remove the list of allowed addresses, at " + keyPage, true
	case codeSandbox:
		return "use a key of the sandbox with the sandbox's base_url, and one of the account with NameSilo's own", true
	}
	return "", false
}

// refusal is an answer other than success. What was asked for was not done.
type refusal struct {
	code   int
	detail string
}

// Error is the API's own word.
func (r *refusal) Error() string {
	if r.detail == "" {
		return fmt.Sprintf("NameSilo answers code %d", r.code)
	}
	return fmt.Sprintf("NameSilo answers code %d: %s", r.code, r.detail)
}

// noZone tells that the account holds no such domain. Code 210 is a general one,
// and its text has to tell.
func (r *refusal) noZone() bool {
	if r.code != codeGeneral {
		return r.code == codeNotYours || r.code == codeBadDomain
	}
	text := strings.ToLower(r.detail)
	return strings.Contains(text, "domain") && (strings.Contains(text, "not active") ||
		strings.Contains(text, "not belong") || strings.Contains(text, "not exist") || strings.Contains(text, "not found"))
}

// duplicate tells that the record to be added is there already.
func (r *refusal) duplicate() bool {
	return strings.Contains(strings.ToLower(r.detail), "already exists")
}

// isBusy tells the answer that another request is still processed and that this
// one, which was not looked at, is to be made again.
func isBusy(_ int, body []byte) bool {
	const most = 4 << 10 // a list of records is longer, and is no refusal
	if len(body) > most {
		return false
	}
	r, err := decode(body)
	return err == nil && r.code == codeBusy
}
