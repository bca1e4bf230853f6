package acme

import (
	"net/http"
	"testing"
)

// At a CDN's edge there is no server to configure, nor to copy from: the CDN has the
// certificate.
func TestCertificateOfAnEdge(t *testing.T) {
	s := newSecure(t, "127.0.0.11", "127.0.0.12")
	s.proxy("127.0.0.12", true)
	s.answer("127.0.0.11")
	s.want("127.0.0.12")
	_ = s.tls[0].Close()
	f := s.only("T-CERT", Fail, "127.0.0.11:", "refused; Cloudflare answers there (H-CDN)")
	Offers(t, f, "At Cloudflare, see at SSL/TLS, Edge Certificates, that Universal SSL is on, and that a certificate for www.example.org is active there.")
	lacks(t, f, "certbot", "listen ")

	s = newSecure(t, "127.0.0.11")
	s.serveTLS(0, issued{from: day0.AddDate(0, 0, -100)}, calls("BunnyCDN-DE1-1", http.NotFoundHandler()))
	f = s.only("T-CERT", Fail, "expired", "; bunny.net answers there")
	Offers(t, f, "Have bunny.net serve a certificate for www.example.org at its edge: one that it orders itself, or yours.")
	lacks(t, f, "certbot", "nginx")
}

// What a name has behind a proxy is a server of one's own, and so is where it moves to.
func TestCertificateBesideAnEdge(t *testing.T) {
	s := newSecure(t, "127.0.0.11")
	s.proxy("127.0.0.11", true)
	s.answer("127.0.0.11") // the proxy was turned on just now
	s.want("127.0.0.11")
	_ = s.tls[0].Close()
	Offers(t, s.only("T-CERT", Fail), "certbot certonly")

	s = newSecure(t, "127.0.0.11", "127.0.0.12")
	s.answer("127.0.0.11")
	s.want("127.0.0.12")
	s.serveTLS(0, issued{}, calls("cloudflare", http.NotFoundHandler()))
	_ = s.tls[1].Close()
	found := s.check("T-CERT")
	if len(found) != 2 || found[0].Outcome != Fail || found[0].Severity != Error {
		t.Fatalf("%+v", found)
	}
	Offers(t, found[0], "Have one issued on the machine of 127.0.0.12")
	lacks(t, found[0], "ssh ")
}
