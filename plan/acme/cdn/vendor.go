package cdn

import "slices"

// Vendor is a content delivery network, in one lower-case word. Empty is none
// that is known.
type Vendor string

// The vendors that can be told.
const (
	Akamai     Vendor = "akamai"
	Azure      Vendor = "azure"
	Bunny      Vendor = "bunny"
	CDN77      Vendor = "cdn77"
	Cloudflare Vendor = "cloudflare"
	CloudFront Vendor = "cloudfront"
	Fastly     Vendor = "fastly"
	Gcore      Vendor = "gcore"
	Google     Vendor = "google"
	Imperva    Vendor = "imperva"
	KeyCDN     Vendor = "keycdn"
	Sucuri     Vendor = "sucuri"
)

// Title is the name as the vendor writes it; that of an unknown one is the word.
func (v Vendor) Title() string {
	switch v {
	case Akamai:
		return "Akamai"
	case Azure:
		return "Azure Front Door"
	case Bunny:
		return "bunny.net"
	case CDN77:
		return "CDN77"
	case Cloudflare:
		return "Cloudflare"
	case CloudFront:
		return "Amazon CloudFront"
	case Fastly:
		return "Fastly"
	case Gcore:
		return "Gcore"
	case Google:
		return "Google Cloud"
	case Imperva:
		return "Imperva"
	case KeyCDN:
		return "KeyCDN"
	case Sucuri:
		return "Sucuri"
	}
	return string(v)
}

// Published are the vendors whose address ranges are known, in order.
func Published() []Vendor { return []Vendor{Cloudflare, CloudFront, Fastly} }

func (v Vendor) published() bool { return slices.Contains(Published(), v) }
