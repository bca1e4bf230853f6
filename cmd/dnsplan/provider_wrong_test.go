package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/dnsplan/dnsplan/plan/resolver/resolvertest"
	"github.com/dnsplan/dnsplan/providers/cloudflare/cloudflaretest"
	"github.com/dnsplan/dnsplan/providers/namesilo/namesilotest"
	"github.com/dnsplan/dnsplan/providers/providertest/dnsd"
	"github.com/dnsplan/dnsplan/providers/route53/route53test"
)

// wrong is one thing that is wrong with a provider: what plan says of it, and
// what doctor says.
type wrong struct {
	name string
	// alter makes it wrong; it may return a wire in place of the server.
	alter func(t *testing.T, v *vendor) wire
	plan  []string
	// doctor is what doctor says beside "wrong"; nil is what plan says.
	doctor []string
}

// tried runs plan, apply and doctor on what is wrong: a clear error with what to
// do, before anything is written.
func (tt wrong) tried(t *testing.T, v *vendor) {
	t.Helper()
	switch server := tt.alter(t, v); {
	case server != nil:
		bubble(t, server, func(t *testing.T) { tt.told(t, v) })
	case v.handler != nil:
		bubble(t, always(v.handler), func(t *testing.T) { tt.told(t, v) })
	default:
		tt.told(t, v)
	}
	if n := v.writes(); n > 0 {
		t.Errorf("%d requests that may have changed something", n)
	}
}

// told looks at what each command tells.
func (tt wrong) told(t *testing.T, v *vendor) {
	t.Helper()
	p := v.program(t, "direct", wanted)
	plan := p.run("plan")
	doctor := p.run("doctor")
	t.Logf("dnsplan plan:\n%s\ndnsplan doctor:\n%s", plan.stderr, doctor.stdout) // for whoever reads the texts, with -v
	plan.tells(t, exitError, append(tt.plan, "dnsplan: error: provider \"vendor\": ", "dnsplan: hint: ")...)
	if plan.stdout != "" {
		t.Errorf("a plan all the same:\n%s", plan.stdout)
	}
	if tt.doctor == nil {
		tt.doctor = tt.plan
	}
	doctor.tells(t, exitDifferences, append(tt.doctor, "✕ wrong provider vendor", "→ ")...)
	for _, args := range [][]string{{"apply", "--auto-approve"}, {"drift"}, {"backup"}} {
		p.run(args...).tells(t, exitError, tt.plan...)
	}
	if runs := p.glob(".dnsplan/runs/*"); len(runs) > 0 {
		t.Errorf("runs: %q", runs)
	}
}

// page is a wire to a server that answers with a web page.
func page(*testing.T, *vendor) wire {
	return always(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!DOCTYPE html><html><title>Guest Wi-Fi</title><body>Please sign in</body></html>")
	}))
}

// unrouted is a wire to an API that does not know the path.
func unrouted(kind, body string) func(*testing.T, *vendor) wire {
	return func(*testing.T, *vendor) wire {
		return always(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, body)
		}))
	}
}

// unset takes a variable away.
func unset(name string) func(*testing.T, *vendor) wire {
	return func(_ *testing.T, v *vendor) wire {
		delete(v.env, name)
		return nil
	}
}

// setting changes one of the settings.
func setting(key, value string) func(*testing.T, *vendor) wire {
	return func(_ *testing.T, v *vendor) wire {
		v.settings = fmt.Sprintf("%s = %q\n", key, value)
		return nil
	}
}

func nobody(*testing.T, *vendor) wire { return closed }

func TestCloudflareWrong(t *testing.T) {
	for _, tt := range []wrong{
		{name: "a revoked token", alter: func(_ *testing.T, v *vendor) wire {
			v.handler.(*cloudflaretest.Server).Revoke(cfToken)
			return nil
		}, plan: []string{"credentials refused", "9109", "unknown, expired, revoked", "dash.cloudflare.com"}, doctor: []string{"api_token: credentials refused", "unknown, expired, revoked", "dash.cloudflare.com"}},
		{name: "a revoked token for zones", alter: func(_ *testing.T, v *vendor) wire {
			v.handler.(*cloudflaretest.Server).Revoke(cfZones)
			return nil
		}, plan: []string{"credentials refused", "9109", "Zone / Zone / Read"}, doctor: []string{"zone_token: credentials refused", "Zone / Zone / Read"}},
		{name: "an expired token", alter: func(_ *testing.T, v *vendor) wire {
			v.handler.(*cloudflaretest.Server).AddToken(cloudflaretest.Token{Value: cfToken, Status: "expired", All: cloudflaretest.Edit})
			return nil
		}, plan: []string{"credentials refused", "expired"}, doctor: []string{"api_token is expired", "renew it"}},
		{name: "a token without the zone", alter: func(_ *testing.T, v *vendor) wire {
			v.handler.(*cloudflaretest.Server).AddToken(cloudflaretest.Token{Value: cfZones, Zones: map[string]cloudflaretest.Rights{"example.net": cloudflaretest.Edit}})
			return nil
		}, plan: []string{"no such zone", "Zone Resources", "Zone / Zone / Read"}},
		{name: "a token that may not read records", alter: func(_ *testing.T, v *vendor) wire {
			v.handler.(*cloudflaretest.Server).AddToken(cloudflaretest.Token{Value: cfToken, All: cloudflaretest.See})
			return nil
		}, plan: []string{"credentials refused", "lacks the permission Zone / DNS / "}},
		{name: "a zone on two accounts", alter: func(_ *testing.T, v *vendor) wire {
			v.handler.(*cloudflaretest.Server).AddZone(cloudflaretest.Zone{ID: "z2", Name: "example.org", Account: "b1", AccountName: "Other"})
			return nil
		}, plan: []string{"the token sees the zone on 2 accounts", `"Example"`, `"Other" (b1), active, zone id z2`, "limit the token to one of them"}},
		{name: "a zone pending activation", alter: func(_ *testing.T, v *vendor) wire {
			v.handler.(*cloudflaretest.Server).SetStatus("example.org", "pending")
			return nil
		}, plan: []string{"the zone is pending at Cloudflare", "ada.ns.example.net and lee.ns.example.net", "registrar"}},
		{name: "a zone that has moved away", alter: func(_ *testing.T, v *vendor) wire {
			v.handler.(*cloudflaretest.Server).SetStatus("example.org", "moved")
			return nil
		}, plan: []string{"the zone is moved at Cloudflare"}},
		{name: "a web page", alter: page, plan: []string{"web page", "check the provider's URL in the inventory", "Please sign in"}},
		{name: "nobody listens", alter: nobody, plan: []string{"connection refused", "nothing listens there"}},
		{
			name:  "a wrong path",
			alter: unrouted("application/json", `{"success":false,"errors":[{"code":7000,"message":"No route for that URI"}],"messages":[],"result":null}`),
			plan:  []string{"No route for that URI (7000)", "check base_url"},
		},
		{name: "no token", alter: unset("CLOUDFLARE_API_TOKEN"), plan: []string{
			"api_token", "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_TOKEN_FILE", "CF_DNS_API_TOKEN", "set the variable",
		}},
		{name: "a global API key", alter: func(_ *testing.T, v *vendor) wire {
			v.env["CLOUDFLARE_API_TOKEN"] = "'quoted-token'"
			return nil
		}, plan: []string{"credentials refused", "not in the form of an API token", "without quotes"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, _ := newCloudflare(t)
			tt.tried(t, v)
		})
	}
}

func TestRoute53Wrong(t *testing.T) {
	for _, tt := range []wrong{
		{name: "a revoked key", alter: func(_ *testing.T, v *vendor) wire {
			v.handler.(*route53test.Server).SetKey(route53test.AccessKey, "")
			return nil
		}, plan: []string{"credentials refused", "does not know the access key, or it was revoked"}},
		{name: "a wrong secret", alter: func(_ *testing.T, v *vendor) wire {
			v.handler.(*route53test.Server).SetKey(route53test.AccessKey, "another-secret")
			return nil
		}, plan: []string{"credentials refused", "the secret access key is not that of the access key", "SignatureDoesNotMatch"}},
		{name: "a key without the list of zones", alter: func(_ *testing.T, v *vendor) wire {
			v.handler.(*route53test.Server).Deny("ListHostedZonesByName", "ListHostedZones")
			return nil
		}, plan: []string{"credentials refused", "allow the IAM action route53:ListHostedZonesByName"}},
		{name: "a key without the zone", alter: func(_ *testing.T, v *vendor) wire {
			v.handler.(*route53test.Server).Deny("ListResourceRecordSets")
			return nil
		}, plan: []string{"credentials refused", "allow the IAM action route53:ListResourceRecordSets on arn:aws:route53:::hostedzone/Z1"}},
		{name: "a zone of another account", alter: func(_ *testing.T, v *vendor) wire {
			v.handler.(*route53test.Server).RemoveZone("Z1")
			return nil
		}, plan: []string{"no such zone", "none of the hosted zones of this AWS account has this name", "AWS_PROFILE"}},
		{name: "twins", alter: func(_ *testing.T, v *vendor) wire {
			v.handler.(*route53test.Server).AddZone(route53test.Zone{ID: "Z2", Name: "example.org.", Comment: "the old one"})
			return nil
		}, plan: []string{"more than one public hosted zone has this name", "Z1", `Z2 ("the old one")`, "hosted_zone_id"}},
		{name: "an id of another zone", alter: func(_ *testing.T, v *vendor) wire {
			v.handler.(*route53test.Server).AddZone(route53test.Zone{ID: "Z9", Name: "example.net."})
			v.settings += "hosted_zone_id = \"Z9\"\n"
			return nil
		}, plan: []string{"hosted_zone_id Z9 is the hosted zone of example.net."}},
		{name: "a web page", alter: page, plan: []string{"web page", "Please sign in"}},
		{name: "nobody listens", alter: nobody, plan: []string{"connection refused", "nothing listens there"}},
		{name: "a wrong path", alter: unrouted("text/xml", `<UnknownOperationException/>`), plan: []string{"404 Not Found", "not as Route 53 would: check the endpoint"}},
		{name: "no credentials", alter: func(t *testing.T, _ *vendor) wire {
			t.Setenv("AWS_ACCESS_KEY_ID", "")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "")
			t.Setenv("AWS_SESSION_TOKEN", "")
			return nil
		}, plan: []string{"credentials", "AWS_ACCESS_KEY_ID", "AWS_PROFILE"}},
		{name: "a profile that is not there", alter: func(t *testing.T, _ *vendor) wire {
			t.Setenv("AWS_PROFILE", "prod")
			return nil
		}, plan: []string{"credentials refused", "prod", "AWS_PROFILE"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, _, _ := newRoute53(t)
			tt.tried(t, v)
		})
	}
}

func TestNameSiloWrong(t *testing.T) {
	for _, tt := range []wrong{
		{name: "a revoked key", alter: func(_ *testing.T, v *vendor) wire {
			v.env["NAMESILO_API_KEY"] = "another-key"
			return nil
		}, plan: []string{"credentials refused", "code 110", "make a new key at https://www.namesilo.com"}},
		{name: "a domain of another account", alter: func(t *testing.T, v *vendor) wire {
			s := namesilotest.New(t, namesilotest.Options{Key: siloKey})
			s.Hold("example.net")
			return always(s)
		}, plan: []string{"no such zone", "check that the domain is active in the account of this key"}, doctor: []string{"not among the active domains of the account"}},
		{name: "a web page", alter: page, plan: []string{"web page", "Please sign in"}},
		{name: "nobody listens", alter: nobody, plan: []string{"connection refused", "nothing listens there"}},
		{name: "a wrong path", alter: func(t *testing.T, v *vendor) wire {
			return setting("base_url", strings.TrimSuffix(v.handler.(*namesilotest.Server).URL, "/api"))(t, v)
		}, plan: []string{"code 107", "check base_url"}},
		{name: "no key", alter: unset("NAMESILO_API_KEY"), plan: []string{"api_key", "NAMESILO_API_KEY", "NAMESILO_API_KEY_FILE", "set the variable"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, _ := newNameSilo(t)
			tt.tried(t, v)
		})
	}
}

func TestPowerDNSWrong(t *testing.T) {
	usual, s := newPowerDNS(t, "powerdns")
	url := func(path string) func(*testing.T, *vendor) wire { return setting("server_url", s.API()+path) }
	for _, tt := range []wrong{
		{name: "a wrong key", alter: func(_ *testing.T, v *vendor) wire {
			v.env = map[string]string{"PDNS_API_KEY": "another-key"}
			return nil
		}, plan: []string{"credentials refused", "does not take the api_key", "the setting api-key of that PowerDNS server"}},
		{name: "a zone that is not there", alter: func(t *testing.T, v *vendor) wire {
			other := dnsd.PowerDNS(t, dnsd.PowerDNSOptions{APIKey: pdnsKey})
			v.settings = fmt.Sprintf("server_url = %q\n", other.API())
			return nil
		}, plan: []string{"no such zone", "does not hold example.org"}},
		{name: "a wrong path", alter: url("/pdns"), plan: []string{"there is no PowerDNS API at", "check server_url", "8081 by default"}},
		{name: "a wrong server_id", alter: func(_ *testing.T, v *vendor) wire {
			v.settings += "server_id = \"primary\"\n"
			return nil
		}, plan: []string{`server_id "primary" is not among the servers`, "it has localhost"}},
		{name: "a web page", alter: page, plan: []string{"web page", "Please sign in"}},
		{name: "nobody listens", alter: nobody, plan: []string{"connection refused", "nothing listens there"}},
		{name: "no key", alter: func(_ *testing.T, v *vendor) wire { v.env = nil; return nil }, plan: []string{"api_key", "PDNS_API_KEY", "PDNS_API_KEY_FILE", "set the variable"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := *usual
			tt.tried(t, &v)
		})
	}
}

func TestRFC2136Wrong(t *testing.T) {
	usual, s := newPowerDNS(t, "rfc2136")
	for _, tt := range []wrong{
		{name: "a wrong secret", alter: func(_ *testing.T, v *vendor) wire {
			v.env = map[string]string{"TEST_TSIG": "b3RoZXItc2VjcmV0LW9mLTMyLW9jdGV0cy1hdC1hbGw="}
			return nil
		}, plan: []string{"credentials refused", "check the provider's credentials"}, doctor: []string{"credentials refused", "make tsig_name, tsig_algorithm and tsig_secret those of a key of the server"}},
		{name: "an unknown key", alter: func(_ *testing.T, v *vendor) wire {
			v.settings = strings.Replace(v.settings, s.Key.Name, "nobody", 1)
			return nil
		}, plan: []string{"credentials refused", "check the provider's credentials"}, doctor: []string{"credentials refused", "make tsig_name, tsig_algorithm and tsig_secret those of a key of the server"}},
		{name: "a secret that is none", alter: func(_ *testing.T, v *vendor) wire {
			v.env = map[string]string{"TEST_TSIG": "not base64!"}
			return nil
		}, plan: []string{"tsig_secret", "base64"}},
		{name: "nobody listens", alter: func(t *testing.T, v *vendor) wire {
			v.settings = strings.Replace(v.settings, s.Addr.String(), resolvertest.ClosedPort(t).String(), 1)
			return nil
		}, plan: []string{"connection refused", "nothing listens there"}},
		{name: "no secret", alter: func(_ *testing.T, v *vendor) wire { v.env = nil; return nil }, plan: []string{"tsig_secret", "TEST_TSIG", "set the variable"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := *usual
			tt.tried(t, &v)
		})
	}
}

// What goes through libdns tells the same things as the adapters do.
func TestGenericWrong(t *testing.T) {
	answer := func(status int, body string) func(*testing.T, *vendor) wire {
		return func(*testing.T, *vendor) wire {
			return always(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				fmt.Fprint(w, body)
			}))
		}
	}
	for _, typ := range []string{"hetzner", "gandi", "desec", "cloudns", "bunny", "glesys"} {
		for _, tt := range []wrong{
			{name: "a revoked token", alter: answer(http.StatusUnauthorized, `{"error":{"code":"unauthorized","message":"unable to authenticate"},"code":401,"message":"unauthorized","status":"Failed","statusDescription":"Invalid authentication, incorrect auth-id or auth-password."}`), plan: []string{"credentials refused", "check the provider's credentials"}},
			{name: "nobody listens", alter: nobody, plan: []string{"connection refused"}},
			{name: "a web page", alter: page, plan: []string{"web page", "check", "what stands between"}},
		} {
			t.Run(typ+"/"+tt.name, func(t *testing.T) {
				v := newGeneric(t, typ)
				v.writes = func() int { return 0 }
				tt.tried(t, v)
			})
		}
	}
}
