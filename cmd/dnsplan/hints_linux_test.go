package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/plan/acme/acmetest"
	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
)

// failed is a command that has failed.
type failed struct {
	code int
	err  error
	// said is its standard error, with RUN for each id.
	said string
}

// runID is the id of a run.
var runID = regexp.MustCompile(`\b01[0-9A-Z]{24}\b`)

// fails runs a command in the program's folder that is to fail.
func (p *program) fails(line string) failed {
	p.t.Helper()
	p.t.Chdir(p.dir)
	var stderr bytes.Buffer
	a := p.outside(&bytes.Buffer{}, &stderr, strings.Fields(line))
	c, err := a.execute(p.t.Context())
	code := a.exit(p.t.Context(), err, a.typed(c))
	return failed{code, err, runID.ReplaceAllString(stderr.String(), "RUN")}
}

// stops runs a command that Ctrl-C stops at its first wait.
func (p *program) stops(args ...string) {
	p.t.Helper()
	ctx, cancel := context.WithCancelCause(p.t.Context())
	defer cancel(nil)
	p.atFirstWait(func() { cancel(signalled{syscall.SIGINT}) })
	p.runWith(ctx, args...).is(p.t, exitInterrupted)
}

// powered is a program whose provider has that URL.
func powered(t *testing.T, url string) *program {
	p := newProgram(t, fmt.Sprintf("version = 1\n[[provider]]\nname = \"pdns\"\ntype = \"powerdns\"\nserver_url = %q\napi_key = \"env:PDNS\"\n"+
		"[[zone]]\nname = \"example.org\"\nprovider = \"pdns\"\nservers = []\n[[zone.record]]\nname = \"www\"\na = [\"203.0.113.11\"]\n", url))
	p.env["PDNS"] = "key"
	return p
}

// updated is a program whose provider is a name server there.
func updated(t *testing.T, server string) *program {
	return newProgram(t, fmt.Sprintf("version = 1\n[[provider]]\nname = \"dns\"\ntype = \"rfc2136\"\nserver = %q\n"+
		"[[zone]]\nname = \"example.org\"\nprovider = \"dns\"\nservers = []\n[[zone.record]]\nname = \"www\"\na = [\"203.0.113.11\"]\n", server))
}

// answered plans where the provider answers so, in a bubble of time.
func answered(t *testing.T, status int, kind, body string) (f failed) {
	bubble(t, always(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Retry-After", "86400")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	})), func(t *testing.T) { f = powered(t, "http://192.0.2.1:8081").fails("plan") })
	return f
}

// hinted is what leads to an error of a line of the table, how that ends, and what is
// said of it.
type hinted struct {
	code int
	says string
	lead func(t *testing.T) failed
}

// site runs a command that fails at the usual site.
func site(line string) func(*testing.T) failed {
	return func(t *testing.T) failed { return newProgram(t, "").fails(line) }
}

// hintsOfAuthorities are those about rehearsals.
func hintsOfAuthorities() []hinted {
	const mac = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
	rehearsing := func(line string) func(*testing.T) failed {
		return func(t *testing.T) failed { return rehearsed(t, "").fails(line) }
	}
	bound := func(key string) func(*testing.T) failed {
		return func(t *testing.T) failed {
			p := rehearsedAt(t, "", acmetest.Config{Bound: true, Keys: map[string]string{"kid": mac}})
			if key != "" {
				p.env["EAB_KID"], p.env["EAB_HMAC_KEY"] = "kid", key
			}
			return p.fails("rehearse www.example.org --agree-tos")
		}
	}
	return []hinted{
		{exitError, "give its host, or [check], a challenge in the inventory: webroot, command or listen", rehearsing("rehearse six.example.org")},
		{exitError, "have it validated by dns-01, and rehearse that with the ACME client itself at a staging environment", rehearsing("rehearse mail.example.org")},
		{exitError, "have the authority give you a key id and a MAC key (EAB), and set EAB_KID and EAB_HMAC_KEY, or say below [check] in the inventory where they are kept: eab_kid and eab_hmac_key; " +
			"or name another authority: dnsplan rehearse www.example.org --ca letsencrypt-staging", bound("")},
		{exitError, "check EAB_KID and EAB_HMAC_KEY, or eab_kid and eab_hmac_key below [check], and that they are of this authority; some are good for one account alone: have new ones given then", bound(strings.ToLower(mac))},
		{exitError, "set EAB_HMAC_KEY, or what eab_hmac_key below [check] names, to the key as the authority has given it", bound("%" + mac)},
		{exitRefused, "name one for trials: dnsplan rehearse www.example.org --ca letsencrypt-staging", rehearsing("rehearse www.example.org --ca letsencrypt")},
		{exitError, "read them, and if you agree: dnsplan rehearse www.example.org --agree-tos", rehearsing("rehearse www.example.org")},
		{exitError, "read them, and if you agree: dnsplan rehearse www.example.org --agree-tos --contact 'ops@example.org,o'\\''k@example.org' --json --state-dir other", rehearsing("rehearse www.example.org --state-dir other --contact ops@example.org --contact o'k@example.org --json")},
		{exitError, "name the file of the certificates that the authority is trusted by: --ca-roots FILE, or ca_roots below [check] in the inventory", func(t *testing.T) failed {
			return rehearsed(t, `ca = "zerossl"`).fails("rehearse www.example.org --ca " + acmetest.NewCA(t, acmetest.Config{}).Directory)
		}},
		{exitError, "check the URL of the authority, --ca or ca below [check] in the inventory, and that it runs", func(t *testing.T) failed {
			return rehearsed(t, `ca = "zerossl"`).fails("rehearse www.example.org --ca https://" + resolvertest.ClosedPort(t).String() + "/dir")
		}},
	}
}

// hintsOfWindows are those about issuance windows that others have open.
func hintsOfWindows() []hinted {
	elsewhere := func(line string, edit func(*cloudflaretest.Record) bool) func(*testing.T) failed {
		return func(t *testing.T) failed {
			r := newWindowRig(t)
			r.run("window", "open", "www.example.org").is(t, exitDone)
			r.fake.Edit("example.org", edit)
			here, _ := r.later()
			t.Cleanup(func() { r.run("window", "close") })
			return here.fails(line + " --state-dir other")
		}
	}
	return []hinted{
		{
			exitPartly, "where the new address is right, turn the proxy on at the provider; where the name is to stay DNS-only, take what begins with dnsplan-window out of its comment there",
			elsewhere("recover --scan-zone example.org --now", func(x *cloudflaretest.Record) bool {
				if x.ID == "a1" {
					x.Content = "192.0.2.99"
				}
				return true
			}),
		},
		{
			exitRefused, "wait until that window is closed; where its machine is gone, close it from here: dnsplan recover --scan-zone example.org --now --state-dir other",
			elsewhere("window open www.example.org", func(*cloudflaretest.Record) bool { return true }),
		},
	}
}

// hintsOfProviders are those about what a provider says, or does not.
func hintsOfProviders() []hinted {
	const page = "<!DOCTYPE html><html><title>Guest Wi-Fi</title><body>Please sign in</body></html>"
	return []hinted{
		{exitError, "check the provider's URL in the inventory, and what stands between (a proxy, a login page); -v shows each request", func(t *testing.T) failed {
			return answered(t, http.StatusOK, "text/html", page)
		}},
		{exitError, "check the provider's credentials, and what they may do: dnsplan doctor", func(t *testing.T) failed {
			return answered(t, http.StatusUnauthorized, "application/json", `{"error":"Unauthorized"}`)
		}},
		{exitError, "check the zone's name and its provider in the inventory: dnsplan doctor", func(t *testing.T) failed {
			p := newProgram(t, "")
			if err := os.Remove(p.path("zones/example.org.zone")); err != nil {
				t.Fatal(err)
			}
			return p.fails("plan")
		}},
		{exitError, "allow the transfer of the zone, or name the RRsets", func(t *testing.T) failed {
			held := resolvertest.NewZone(t, "example.org. 300 IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 86400 60")
			server := resolvertest.Serve(t, dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
				if q.Question[0].Qtype != dns.TypeAXFR {
					held.ServeDNS(w, q)
					return
				}
				_ = w.WriteMsg(new(dns.Msg).SetRcode(q, dns.RcodeRefused))
			}))
			return updated(t, server.String()).fails("import example.org --provider dns")
		}},
		{exitError, "try again at that time; -v shows what is left of the provider's budget", func(t *testing.T) failed {
			return answered(t, http.StatusTooManyRequests, "application/json", `{}`)
		}},
		{exitError, "the trouble is at the provider's end: try again later; if it stays so, look at its status page or at the server's log", func(t *testing.T) failed {
			return answered(t, http.StatusInternalServerError, "application/json", `{"error":"Internal Server Error"}`)
		}},
		{exitError, "check the provider's URL in the inventory, and what stands between; -v shows each request", func(t *testing.T) (f failed) {
			v, _ := newNameSilo(t)
			bubble(t, unrouted("application/json", "{}")(t, v), func(t *testing.T) { f = v.program(t, "direct", wanted).fails("plan") })
			return f
		}},
		{exitError, "the server speaks HTTP there, and no HTTPS: check the provider's URL in the inventory", func(t *testing.T) failed {
			s := httptest.NewServer(http.NotFoundHandler())
			t.Cleanup(s.Close)
			return powered(t, strings.Replace(s.URL, "http:", "https:", 1)).fails("plan")
		}},
		{exitError, "check the provider's URL in the inventory; a CA of one's own is trusted with SSL_CERT_FILE", func(t *testing.T) failed {
			s := httptest.NewTLSServer(http.NotFoundHandler())
			t.Cleanup(s.Close)
			return powered(t, s.URL).fails("plan")
		}},
		{exitError, "nothing listens there: check the server's address and port in the inventory, and that it runs", func(t *testing.T) failed {
			return updated(t, resolvertest.ClosedPort(t).String()).fails("plan")
		}},
		{exitError, "check the server's name in the inventory, and this machine's resolver", func(t *testing.T) failed {
			return powered(t, "http://"+strings.Repeat("a", 64)+".example").fails("plan") // a label too long to be asked for
		}},
		{exitError, "check the server's address in the inventory, and that nothing on the way drops packets to it", func(t *testing.T) (f failed) {
			bubble(t, func(r *http.Request) (http.Handler, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: address(r.URL.Host), Err: os.ErrDeadlineExceeded}
			}, func(t *testing.T) { f = powered(t, "http://192.0.2.1:8081").fails("plan") })
			return f
		}},
		{exitError, "see all that is wrong with the provider: dnsplan doctor", func(t *testing.T) failed {
			v, s := newCloudflare(t)
			s.SetStatus("example.org", "pending")
			return v.program(t, "direct", wanted).fails("plan")
		}},
		{exitError, "see all that is wrong with the provider: dnsplan doctor", func(t *testing.T) failed {
			v, s := newCloudflare(t)
			p := v.program(t, "direct", wanted)
			p.run("plan", "-o", p.path("move.plan")).is(t, exitDone)
			s.SetStatus("example.org", "pending")
			return p.fails("apply move.plan")
		}},
	}
}

// Each hint of the table is given by what really leads to it, in the words that are
// expected here; one that nothing leads to fails.
func TestHints(t *testing.T) {
	table := adviceTable()
	given, ran := make([]bool, len(table)), 0
	rows := slices.Concat(hintsOfRuns(), hintsOfFiles(), hintsOfAuthorities(), hintsOfWindows(), hintsOfProviders())
	for i, row := range rows {
		t.Run(fmt.Sprintf("%d %s", i, row.says[:min(len(row.says), 30)]), func(t *testing.T) {
			f := row.lead(t)
			if _, said, _ := strings.Cut(f.said, "dnsplan: hint: "); said != row.says+"\n" || f.code != row.code {
				t.Errorf("it ends with %d and says:\n%s\nwant %d and the hint\n%s", f.code, f.said, row.code, row.says)
			}
			at := slices.IndexFunc(table, func(line advised) bool { return line.fits(f.err) })
			if at < 0 {
				t.Fatalf("no line of the table is of: %v", f.err)
			}
			given[at] = true
			ran++
		})
	}
	if ran < len(rows) {
		return // some were left out, or skipped
	}
	for i, line := range table {
		if !given[i] && line.hint != "" {
			t.Errorf("nothing here leads to the hint of line %d of the table: %s", i+1, line.hint)
		}
	}
}
