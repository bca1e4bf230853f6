package cdn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// maxDocument is how long a vendor's list may be, in bytes; Amazon's, which is
// of all its services, has 3 MB.
const maxDocument = 32 << 20

// Source is where a vendor publishes its ranges.
type Source struct {
	Vendor Vendor
	// URL may be changed to that of a copy in the same form.
	URL string
}

// Sources are the vendors' own addresses, in the order of Published.
func Sources() []Source {
	return []Source{
		{Cloudflare, "https://api.cloudflare.com/client/v4/ips"},
		{CloudFront, "https://ip-ranges.amazonaws.com/ip-ranges.json"},
		{Fastly, "https://api.fastly.com/public-ip-list"},
	}
}

// Fetch gets the vendor's list. Its date is what the vendor says or, where it
// says nothing, the day of now. The client sets the limit of time.
func (s Source) Fetch(ctx context.Context, client *http.Client, now time.Time) (List, error) {
	text, err := s.get(ctx, client)
	if err != nil {
		return List{}, fmt.Errorf("fetch the ranges of %s: %w", s.Vendor.Title(), err)
	}
	l, err := s.Parse(text, now)
	if err != nil {
		return List{}, fmt.Errorf("read the ranges of %s from %s: %w", s.Vendor.Title(), s.shown(), err)
	}
	return l, nil
}

func (s Source) get(ctx context.Context, client *http.Client) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "dnsplan")
	request.Header.Set("Accept", "application/json")
	answer, err := client.Do(request)
	if own, ok := errors.AsType[*url.Error](err); ok {
		err = fmt.Errorf("%s: %w", s.shown(), own.Err)
	}
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %d %s", s.shown(), answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxDocument+1))
	if err == nil && len(text) > maxDocument {
		err = fmt.Errorf("%s sends more than %d bytes", s.shown(), maxDocument)
	}
	return text, err
}

// shown is the URL without what a copy may want of those who fetch it: a password,
// or a token in the query.
func (s Source) shown() string {
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" {
		return s.URL // a file's path
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// Parse reads a vendor's document, as Fetch does. All of it is read strictly: one
// prefix that is none makes it an error.
func (s Source) Parse(text []byte, now time.Time) (List, error) {
	l := List{Vendor: s.Vendor, Source: s.shown(), Date: now.UTC().Truncate(24 * time.Hour)}
	var prefixes []string
	var err error
	switch s.Vendor {
	case Cloudflare:
		prefixes, err = cloudflareDocument(text)
	case CloudFront:
		prefixes, l.Date, err = amazonDocument(text)
	case Fastly:
		prefixes, err = fastlyDocument(text)
	default:
		err = errors.New("it publishes none")
	}
	if err != nil {
		return List{}, err
	}
	for _, text := range prefixes {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return List{}, fmt.Errorf("%.60q is no prefix", text)
		}
		l.Prefixes = append(l.Prefixes, p)
	}
	return l.checked()
}

// cloudflareDocument reads what GET /client/v4/ips of Cloudflare's API answers.
func cloudflareDocument(text []byte) ([]string, error) {
	var d struct {
		Success bool `json:"success"`
		Result  struct {
			IPv4 []string `json:"ipv4_cidrs"`
			IPv6 []string `json:"ipv6_cidrs"`
		} `json:"result"`
	}
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, errForm
	}
	if !d.Success {
		return nil, errors.New("the API says that it had no success")
	}
	return both(d.Result.IPv4, d.Result.IPv6)
}

// fastlyDocument reads what GET /public-ip-list of Fastly's API answers.
func fastlyDocument(text []byte) ([]string, error) {
	var d struct {
		IPv4 []string `json:"addresses"`
		IPv6 []string `json:"ipv6_addresses"`
	}
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, errForm
	}
	return both(d.IPv4, d.IPv6)
}

// amazonDocument reads ip-ranges.json, and takes what belongs to CloudFront. The
// date is the document's own.
func amazonDocument(text []byte) ([]string, time.Time, error) {
	var d struct {
		Created string `json:"createDate"`
		IPv4    []struct {
			Prefix  string `json:"ip_prefix"`
			Service string `json:"service"`
		} `json:"prefixes"`
		IPv6 []struct {
			Prefix  string `json:"ipv6_prefix"`
			Service string `json:"service"`
		} `json:"ipv6_prefixes"`
	}
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, time.Time{}, errForm
	}
	created, err := time.Parse("2006-01-02-15-04-05", d.Created)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("createDate %.60q is no date", d.Created)
	}
	const service = "CLOUDFRONT"
	var v4, v6 []string
	for _, p := range d.IPv4 {
		if p.Service == service {
			v4 = append(v4, p.Prefix)
		}
	}
	for _, p := range d.IPv6 {
		if p.Service == service {
			v6 = append(v6, p.Prefix)
		}
	}
	prefixes, err := both(v4, v6)
	return prefixes, created.Truncate(24 * time.Hour), err
}

// errForm shows nothing of what came: it may be a log-in page of many lines.
var errForm = errors.New("it is no JSON of the form that the vendor has")

// both refuses a document that lacks a family: each vendor has both.
func both(v4, v6 []string) ([]string, error) {
	if len(v4) == 0 || len(v6) == 0 {
		return nil, fmt.Errorf("it has %d IPv4 and %d IPv6 prefixes, and must have some of each", len(v4), len(v6))
	}
	return append(v4, v6...), nil
}
