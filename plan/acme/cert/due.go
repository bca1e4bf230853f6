package cert

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"github.com/dnsplan/dnsplan/inventory/authority"
)

// Source says where the time of a renewal comes from.
type Source string

// The sources.
const (
	// Life: two thirds of the certificate's life, or half of one below ten days.
	Life Source = "life"
	// ARI: the authority says so (RFC 9773).
	ARI Source = "ari"
)

// Due is when a certificate is to be renewed.
type Due struct {
	// From is the earliest time and To the latest; with Life they are equal.
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Source Source    `json:"source"`
	// Why is a page on which the authority explains itself; mostly empty.
	Why string `json:"why,omitempty"`
	// Err is why the authority was not, or could not be, asked; nil with ARI.
	Err error `json:"-"`
}

// Now tells whether the certificate may be renewed by now.
func (d Due) Now(now time.Time) bool { return !now.Before(d.From) }

// short is the life below which much depends on the hour.
const short = 10 * 24 * time.Hour

// Moment says a time of a certificate's life, in UTC: its day, or with the minute
// where that is short.
func Moment(leaf *x509.Certificate, t time.Time) string {
	if leaf.NotAfter.Sub(leaf.NotBefore) < short {
		return t.UTC().Format("2006-01-02 15:04 UTC")
	}
	return t.UTC().Format(time.DateOnly)
}

// DueByLife is when clients renew that ask nobody. A short life leaves less time
// for a second try, so they begin earlier in it.
func DueByLife(leaf *x509.Certificate) Due {
	life := leaf.NotAfter.Sub(leaf.NotBefore)
	part := life - life/3
	if life < short {
		part = life / 2
	}
	at := leaf.NotBefore.Add(part).UTC()
	return Due{From: at, To: at, Source: Life}
}

// DirectoryOf is the ACME directory of the authority that issued a certificate:
// as the issuer's name says, or else other, the directory of an authority that
// is not among the public ones. Empty where neither can be said.
func DirectoryOf(leaf *x509.Certificate, other string) string {
	if ca, ok := issuer(leaf); ok {
		return ca.Directory
	}
	if _, public := authority.ByDirectory(other); public {
		return ""
	}
	return other
}

// errNoDirectory says that there is nobody to ask.
var errNoDirectory = errors.New("the authority that issued it is not known")

// Due asks the authority with the given ACME directory when it wants the
// certificate renewed. Where that cannot be had it falls back to the
// certificate's life and says in Err why. Its requests carry the certificate's
// serial number and nothing secret.
func (c *Client) Due(ctx context.Context, leaf *x509.Certificate, directory string) Due {
	d, err := c.ask9773(ctx, leaf, directory)
	if err != nil {
		d = DueByLife(leaf)
		d.Err = fmt.Errorf("ask the authority for the time of renewal: %w", err)
	}
	return d
}

func (c *Client) ask9773(ctx context.Context, leaf *x509.Certificate, directory string) (Due, error) {
	if directory == "" {
		return Due{}, errNoDirectory
	}
	id, err := acme.ARIUniqueIdentifier(leaf)
	if err != nil {
		return Due{}, err
	}
	var dir acme.Directory
	if err := c.get(ctx, directory, &dir); err != nil {
		return Due{}, err
	}
	if dir.RenewalInfo == "" {
		return Due{}, fmt.Errorf("%s does not tell times of renewal", directory)
	}
	var info acme.RenewalInfo
	if err := c.get(ctx, strings.TrimSuffix(dir.RenewalInfo, "/")+"/"+id, &info); err != nil {
		return Due{}, err
	}
	from, to := info.SuggestedWindow.Start.UTC(), info.SuggestedWindow.End.UTC()
	if from.IsZero() || !from.Before(to) { // RFC 9773, section 4.3
		return Due{}, fmt.Errorf("%s tells a time that ends before it begins", directory)
	}
	return Due{From: from, To: to, Source: ARI, Why: info.ExplanationURL}, nil
}

// get fetches JSON within Total.
func (c *Client) get(ctx context.Context, from string, into any) error {
	ctx, stop := context.WithTimeout(ctx, c.opts.Total)
	defer stop()
	if u, err := url.Parse(from); err != nil || u.Scheme != "https" {
		return fmt.Errorf("%q is no https URL", from)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "dnsplan")
	answer, err := c.opts.HTTP.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: it answered %d %s", from, answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	const most = 64 << 10
	if err := json.NewDecoder(io.LimitReader(answer.Body, most)).Decode(into); err != nil {
		return fmt.Errorf("GET %s: %w", from, err)
	}
	return nil
}
