package parking

import (
	"net/http"
	"net/netip"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Evidence is what is known of a name. What was not asked stays empty.
type Evidence struct {
	// NameServers are the names in the zone's NS set.
	NameServers []zone.Name
	// CNAMEs are the names that the chain leads through.
	CNAMEs []zone.Name
	// Addrs are the name's addresses.
	Addrs []netip.Addr
	// Path is the answer to a random path, which nobody can have put there. Host is
	// the answer to the same path for a random Host, by a server that cannot know
	// it. Nil was not asked, or was not answered.
	Path, Host *Page
}

// Page is an answer of a web server.
type Page struct {
	Status int
	Header http.Header
	// Body is its beginning; some thousand bytes are enough.
	Body []byte
}

// Kind is the kind of a sign; a lower one weighs more.
type Kind uint8

// The kinds of signs, in the order of their weight.
const (
	ByNameServer Kind = iota + 1
	ByCNAME
	ByAddress
	ByRedirect
	ByBody
	// ByCatchAll is a page for any path: an application of one page gives that too.
	ByCatchAll
)

// String is one word: name-server, cname, address, redirect, body or catch-all.
func (k Kind) String() string {
	words := []string{"none", "name-server", "cname", "address", "redirect", "body", "catch-all"}
	return words[min(int(k), len(words)-1)]
}

// MarshalText writes String.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Sign is one thing that makes a name look parked.
type Sign struct {
	Kind Kind `json:"kind"`
	// Service is who parks it; empty where the sign does not tell.
	Service string `json:"service,omitempty"`
	// Detail says what was seen.
	Detail string `json:"detail"`
}
