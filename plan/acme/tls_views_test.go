package acme

import (
	"net/http"
	"testing"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/resolver"
)

// split has the zone in two views: this one at an address inside, the other one at
// the address that public resolvers give.
func (s *secure) split(inside, outside string) {
	s.t.Helper()
	s.answer(outside)
	public := s.subject.Zone.Servers[0].Servers[0]
	s.answer(inside)
	s.want(inside)
	s.hold(inside)
	z := s.subject.Zone
	z.View, z.Resolvers = "internal", []resolver.Server{public}
	z.Twins = []*Zone{{ZoneRef: plan.ZoneRef{Zone: z.Zone, View: "external"}, Live: &zone.Snapshot{Zone: z.Zone}}}
	for _, r := range records([]string{outside}) {
		z.Twins[0].Live.RRsets = append(z.Twins[0].Live.RRsets, r.RRset)
	}
}

// TestCertificateInside: in a view that the authority does not see nothing is issued,
// and no name moves: certificates come from where it sees the name, over and over.
func TestCertificateInside(t *testing.T) {
	s := newSecure(t, "127.0.0.11", "127.0.0.12")
	s.serveTLS(0, issued{}, http.NotFoundHandler())
	s.serveTLS(1, issued{organization: "self"}, http.NotFoundHandler())
	s.split("127.0.0.12", "127.0.0.11")
	f := s.only("T-CERT", Fail, "127.0.0.12:", "clients refuse")
	Offers(t, f, "Copy the certificates from 127.0.0.11 to 127.0.0.12, and again when they are renewed, because the authority does not see this one;",
		"ssh root@127.0.0.11 tar -C /etc -cz letsencrypt | ssh root@127.0.0.12 tar -C /etc -xz")
	if len(f.Remedies) != 1 {
		t.Errorf("remedies %+v", f.Remedies)
	}
}

// TestCertificateOutside: what is good inside is no source for where the authority
// sees the name: it is issued there.
func TestCertificateOutside(t *testing.T) {
	s := newSecure(t, "127.0.0.11", "127.0.0.12")
	s.serveTLS(0, issued{organization: "self"}, http.NotFoundHandler())
	s.serveTLS(1, issued{}, http.NotFoundHandler())
	s.split("127.0.0.12", "127.0.0.11")
	s.answer("127.0.0.11") // servers of the other view are asked
	f := s.check("T-CERT")
	if len(f) != 2 || f[0].Outcome != Fail || f[1].Outcome != Pass {
		t.Fatalf("findings %+v", f)
	}
	Offers(t, f[0], "Have one issued on the machine of 127.0.0.11")
}

// TestCertificateOfOneOfTwo: nothing moves between addresses that the name has both.
func TestCertificateOfOneOfTwo(t *testing.T) {
	s := newSecure(t, "127.0.0.11", "127.0.0.12")
	s.serveTLS(0, issued{}, http.NotFoundHandler())
	s.serveTLS(1, issued{organization: "self"}, http.NotFoundHandler())
	f := s.check("T-CERT")
	if len(f) != 2 || f[0].Outcome != Fail {
		t.Fatalf("findings %+v", f)
	}
	Offers(t, f[0], "Copy the certificates from 127.0.0.11 to 127.0.0.12; for those of certbot:")
}
