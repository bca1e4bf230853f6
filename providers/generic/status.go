package generic

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/digitalocean/godo"
	"github.com/hetznercloud/hcloud-go/v2/hcloud"
	transipclient "github.com/libdns/transip/client"
	ovhapi "github.com/ovh/go-ovh/ovh"
)

var errNoID = errors.New("auth_id or sub_auth_id is missing")

func statusDigitalOcean(err error) int {
	if e, ok := errors.AsType[*godo.ErrorResponse](err); ok && e.Response != nil {
		return e.Response.StatusCode
	}
	return 0
}

// statusHetzner goes by https://docs.hetzner.cloud/reference/cloud#errors.
func statusHetzner(err error) int {
	e, ok := errors.AsType[hcloud.Error](err)
	if !ok {
		return 0
	}
	switch e.Code {
	case hcloud.ErrorCodeUnauthorized:
		return http.StatusUnauthorized
	case hcloud.ErrorCodeForbidden, hcloud.ErrorCodeTokenReadonly:
		return http.StatusForbidden
	case hcloud.ErrorCodeNotFound:
		return http.StatusNotFound
	case hcloud.ErrorCodeRateLimitExceeded:
		return http.StatusTooManyRequests
	}
	if r := e.Response(); r != nil {
		return r.StatusCode
	}
	return 0
}

func statusOVH(err error) int {
	if e, ok := errors.AsType[*ovhapi.APIError](err); ok {
		return e.Code
	}
	return 0
}

func statusTransIP(err error) int {
	if e, ok := errors.AsType[transipclient.ErrorResponse](err); ok {
		return e.Code
	}
	return 0
}

// keyFile looks whether a private key can be read as the libdns provider reads
// it, which it does at the first request: PKCS #8 in PEM. The path is shown, the
// key never.
func keyFile(path string) error {
	if path == "" {
		return errors.New("private_key_file is missing")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("private_key_file: %w", err)
	}
	if !strings.HasPrefix(string(b), "-----BEGIN PRIVATE KEY-----") {
		return fmt.Errorf("private_key_file %s: not a private key as TransIP's control panel gives it (PKCS #8: it begins with -----BEGIN PRIVATE KEY-----)", path)
	}
	return nil
}
