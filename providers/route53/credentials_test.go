package route53_test

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/route53"
	"github.com/dnsplan/dnsplan/providers/route53/route53test"
)

func TestNew(t *testing.T) {
	route53test.Setenv(t)
	for _, tt := range []struct {
		config route53.Config
		text   string // empty: it is fine
	}{
		{route53.Config{}, ""},
		{route53.Config{HostedZoneID: "Z123", Endpoint: "http://127.0.0.1:1", Region: "eu-central-1"}, ""},
		{route53.Config{HostedZoneID: "/hostedzone/Z123"}, ""},
		{route53.Config{HostedZoneID: "hostedzone/Z123"}, ""},
		{route53.Config{HostedZoneID: "example.org"}, `hosted_zone_id: "example.org": want letters and digits`},
		{route53.Config{HostedZoneID: "/hostedzone/"}, "hosted_zone_id"},
		{route53.Config{HostedZoneID: "Z1/../Z2"}, "hosted_zone_id"},
		{route53.Config{Endpoint: "route53.amazonaws.com"}, "endpoint"},
		{route53.Config{Endpoint: "ftp://x"}, "endpoint"},
		{route53.Config{Endpoint: "https://"}, "endpoint"},
		{route53.Config{Endpoint: "https://user:canary@x"}, "endpoint"},
		{route53.Config{Endpoint: "https://user:canary@x:port"}, "endpoint"},
	} {
		p, err := route53.New(t.Context(), tt.config)
		if (tt.text == "") != (err == nil) || !strings.Contains(fmt.Sprint(err), tt.text) {
			t.Errorf("%+v: %v, want %q", tt.config, err, tt.text)
		}
		if strings.Contains(fmt.Sprint(err), "canary") {
			t.Errorf("%v", err)
		}
		if err == nil && strings.Contains(fmt.Sprintf("%v %+v %#v", p, p, p), route53test.SecretKey) {
			t.Errorf("%#v shows the secret", p)
		}
	}
	t.Setenv("AWS_PROFILE", "nobody")
	_, err := route53.New(t.Context(), route53.Config{})
	if wrong := wrongErr(err, providers.ErrCredentials, "AWS_PROFILE"); wrong != "" {
		t.Error(wrong)
	}
}

// Credentials are fetched by the first request and not before, from wherever the
// SDK finds them, and are nowhere shown.
func TestCredentialSources(t *testing.T) {
	const token = "canary-token"
	var asked atomic.Int32
	container := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_ = json.NewEncoder(w).Encode(map[string]string{
			"AccessKeyId": route53test.AccessKey, "SecretAccessKey": route53test.SecretKey, "Token": token,
			"Expiration": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
		})
	}))
	t.Cleanup(container.Close)
	for _, tt := range []struct {
		name   string
		setup  func(t *testing.T)
		source string
	}{
		{"environment", func(t *testing.T) {
			t.Setenv("AWS_ACCESS_KEY_ID", route53test.AccessKey)
			t.Setenv("AWS_SECRET_ACCESS_KEY", route53test.SecretKey)
			t.Setenv("AWS_SESSION_TOKEN", token)
		}, "environment variable AWS_ACCESS_KEY_ID"},
		{"profile", func(t *testing.T) {
			file(t, "AWS_SHARED_CREDENTIALS_FILE", "[dns]\naws_access_key_id = "+route53test.AccessKey+"\naws_secret_access_key = "+route53test.SecretKey+"\naws_session_token = "+token+"\n")
			t.Setenv("AWS_PROFILE", "dns")
		}, "the profile in "},
		{"process", func(t *testing.T) {
			file(t, "AWS_CONFIG_FILE", fmt.Sprintf("[profile dns]\ncredential_process = echo '{\"Version\": 1, \"AccessKeyId\": %q, \"SecretAccessKey\": %q, \"SessionToken\": %q}'\n", route53test.AccessKey, route53test.SecretKey, token))
			t.Setenv("AWS_PROFILE", "dns")
		}, "ProcessProvider"},
		{"container", func(t *testing.T) { t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.URL) }, "CredentialsEndpointProvider"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := account(t)
			t.Setenv("AWS_ACCESS_KEY_ID", "")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "")
			tt.setup(t)
			var lines log
			p := fast(t, s, func(c *route53.Config) { c.Log = lines.add })
			if asked.Load() != 0 || len(s.Log()) != 0 {
				t.Error("a request before one was needed")
			}
			read(t, p)
			findings := p.Examine(t.Context(), []zone.Name{org})
			if !strings.Contains(findings[0].Detail, tt.source) || findings[0].Verdict != providers.Good {
				t.Errorf("%+v, want %s", findings[0], tt.source)
			}
			s.SetKey(route53test.AccessKey, "another secret")
			_, err := p.Read(t.Context(), org)
			if wrong := wrongErr(err, providers.ErrCredentials, "SignatureDoesNotMatch"); wrong != "" {
				t.Error(wrong)
			}
			shown := fmt.Sprintf("%v %+v %#v %+v %v", p, p, p, findings, err) + lines.String()
			if strings.Contains(shown, token) || strings.Contains(shown, route53test.SecretKey) || strings.Contains(shown, route53test.AccessKey) {
				t.Errorf("a secret shows: %s", shown)
			}
			if !strings.Contains(lines.String(), "aws: GET ") {
				t.Errorf("log: %s", lines.String())
			}
		})
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("%d requests to the container's agent", n)
	}
}

// file writes a file and lets a variable name it.
func file(t *testing.T, variable, text string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "aws")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(variable, path)
}

// log keeps the lines of a provider's log.
type log struct {
	mu    sync.Mutex
	lines []string
}

func (l *log) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// AWS_CA_BUNDLE is heeded, and AWS_MAX_ATTEMPTS adds no tries to the chain's.
func TestEnvironment(t *testing.T) {
	s, _ := account(t)
	secure := httptest.NewTLSServer(s)
	t.Cleanup(secure.Close)
	there := func(c *route53.Config) { c.Endpoint = secure.URL }
	if _, err := fast(t, s, there).Read(t.Context(), org); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate of nobody: %v", err)
	}
	file(t, "AWS_CA_BUNDLE", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})))
	t.Setenv("AWS_MAX_ATTEMPTS", "10")
	t.Setenv("AWS_DEFAULTS_MODE", "auto")
	p := fast(t, s, there)
	read(t, p)
	s.Inject(answer("ChangeResourceRecordSets", 500, "InternalFailure", "oops"))
	if wrong := wrongErr(second(p.Write(t.Context(), org, []providers.Change{change("", "www 60 A 192.0.2.1")})), providers.ErrUnknown, ""); wrong != "" {
		t.Error(wrong)
	}
	if n := s.Count("ChangeResourceRecordSets"); n != 1 {
		t.Errorf("%d tries of a write that may have been made", n)
	}
}

func TestNoCredentials(t *testing.T) {
	s, _ := account(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	p := fast(t, s)
	_, err := p.Read(t.Context(), org)
	if wrong := wrongErr(err, providers.ErrCredentials, "read zone example.org.: credentials refused: no AWS credentials are found: set AWS_ACCESS_KEY_ID"); wrong != "" {
		t.Error(wrong)
	}
	findings := p.Examine(t.Context(), []zone.Name{org})
	if len(findings) != 1 || findings[0].Verdict != providers.Bad || findings[0].Topic != "credentials" || findings[0].Remedy == "" {
		t.Errorf("%+v", findings)
	}
	if len(s.Log()) != 0 {
		t.Errorf("requests without credentials: %v", s.Log())
	}
}

// answer answers all requests of an action with an error.
func answer(action string, status int, code, message string) route53test.Fault {
	return func(w http.ResponseWriter, c route53test.Call) bool {
		if c.Action != action {
			return false
		}
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, `<ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>1</RequestId></ErrorResponse>`, code, message)
		return true
	}
}

// What AWS answers is told as what to do, and nothing was written.
func TestErrors(t *testing.T) {
	const list, put = "ListResourceRecordSets", "ChangeResourceRecordSets"
	for _, tt := range []struct {
		action        string
		status        int
		code, message string
		want          error
		text          []string
	}{
		{list, 403, "InvalidClientTokenId", "The security token included in the request is invalid.", providers.ErrCredentials, []string{"does not know the access key", "revoked"}},
		{list, 403, "UnrecognizedClientException", "The security token included in the request is invalid.", providers.ErrCredentials, []string{"does not know the access key"}},
		{list, 403, "SignatureDoesNotMatch", "The request signature we calculated does not match. The Canonical String for this request should have been 'GET / canary'", providers.ErrCredentials, []string{"secret access key", "clock"}},
		{list, 403, "ExpiredToken", "The security token included in the request is expired", providers.ErrCredentials, []string{"session has expired", "aws sso login"}},
		{list, 403, "AccessDenied", "User: arn:aws:iam::1:user/x is not authorized", providers.ErrCredentials, []string{"allow the IAM action route53:ListResourceRecordSets on arn:aws:route53:::hostedzone/Z1", "user/x"}},
		{put, 403, "AccessDenied", "User: arn:aws:iam::1:user/x is not authorized", providers.ErrCredentials, []string{"route53:ChangeResourceRecordSets on arn:aws:route53:::hostedzone/Z1"}},
		{"ListHostedZonesByName", 403, "AccessDenied", "no", providers.ErrCredentials, []string{"route53:ListHostedZonesByName on *"}},
		{"ListHostedZonesByName", 404, "UnknownOperationException", "", nil, []string{"check the endpoint"}},
		{put, 403, "SomethingNew", "no", providers.ErrCredentials, []string{"SomethingNew"}},
		{put, 404, "NoSuchHostedZone", "No hosted zone found with ID: Z1", providers.ErrZoneNotFound, []string{"Z1", "AWS_PROFILE"}},
		{put, 400, "InvalidInput", "Invalid XML", nil, []string{"InvalidInput: Invalid XML"}},
		{list, 400, "InvalidInput", "Invalid XML", nil, []string{"InvalidInput: Invalid XML"}},
		{put, 500, "InternalFailure", "oops", providers.ErrUnknown, nil},
	} {
		t.Run(tt.action+" "+tt.code, func(t *testing.T) {
			s, z := account(t)
			s.Inject(answer(tt.action, tt.status, tt.code, tt.message))
			s.Deny("ListHostedZones") // so that nothing stands in for the other list
			err := second(fast(t, s).Write(t.Context(), org, []providers.Change{change("", "www 60 A 192.0.2.1")}))
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) || tt.want == nil && errors.Is(err, providers.ErrUnknown) || strings.Contains(err.Error(), "canary") {
				t.Errorf("%v, want %v", err, tt.want)
			}
			for _, text := range tt.text {
				if !strings.Contains(fmt.Sprint(err), text) {
					t.Errorf("%v, want %q in it", err, text)
				}
			}
			if _, refused := errors.AsType[*providers.RefusedError](err); refused != (tt.action == put && tt.want == nil) {
				t.Errorf("%v is a refusal: %t", err, refused)
			}
			if len(addresses(z)) != 0 {
				t.Error("it was written")
			}
		})
	}
}

// A login page on the way is told as one, without what the SDK says around it.
func TestLoginPage(t *testing.T) {
	s, _ := account(t)
	s.Inject(func(w http.ResponseWriter, _ route53test.Call) bool {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, "<html>Please log in</html>")
		return true
	})
	_, err := fast(t, s).Read(t.Context(), org)
	if wrong := wrongErr(err, providers.ErrCredentials, "with a web page"); wrong != "" || strings.Contains(err.Error(), "operation error") {
		t.Error(err)
	}
}

// An answer that is none is never taken for an empty zone, or for no zone.
func TestNoAnswer(t *testing.T) {
	for _, action := range []string{"ListHostedZonesByName", "ListResourceRecordSets", "GetHostedZone", "ChangeResourceRecordSets"} {
		for _, body := range []string{"", "{}", "<a/>", `<?xml version="1.0"?>`, "<ListResourceRecordSetsResponse></ListResourceRecordSetsResponse>", "<ListResourceRecordSetsResponse><ResourceRecordSets>"} {
			t.Run(action+" "+body, func(t *testing.T) {
				s, _ := account(t)
				s.Inject(func(w http.ResponseWriter, c route53test.Call) bool {
					if c.Action != action {
						return false
					}
					w.Header().Set("Content-Type", "text/xml")
					fmt.Fprint(w, body)
					return true
				})
				p := fast(t, s)
				if action == "GetHostedZone" {
					p = fast(t, s, withID("Z1"))
				}
				err := second(p.Write(t.Context(), org, []providers.Change{change("", "www 60 A 192.0.2.1")}))
				if unknown := errors.Is(err, providers.ErrUnknown); err == nil || unknown != (action == "ChangeResourceRecordSets") || errors.Is(err, providers.ErrZoneNotFound) {
					t.Errorf("%v", err)
				}
			})
		}
	}
}

// Examine tells what is wrong, each with what to do.
func TestExamine(t *testing.T) {
	s, _ := account(t, route53test.Simple("www.example.org", "A", 60, "192.0.2.1"))
	s.AddZone(route53test.Zone{ID: "ZMAP", Name: "map.example.org", Service: "servicediscovery.amazonaws.com"})
	s.AddZone(route53test.Zone{ID: "ZPRIV", Name: "internal.example.org", Private: true})
	var ahead atomic.Int64
	s.Inject(func(w http.ResponseWriter, _ route53test.Call) bool {
		w.Header().Set("Date", time.Now().Add(-time.Duration(ahead.Load())).UTC().Format(http.TimeFormat))
		return false
	})
	p := fast(t, s)
	zones := []zone.Name{org, "map.example.org.", "internal.example.org.", "gone.example.org."}
	check := func(name string, want ...string) {
		t.Helper()
		var got []string
		for _, f := range p.Examine(t.Context(), zones) {
			got = append(got, fmt.Sprintf("%s %s %s: %s", f.Topic, f.Zone, f.Verdict, f.Detail))
			if f.Verdict == providers.Bad && f.Remedy == "" {
				t.Errorf("%s: no remedy for %+v", name, f)
			}
		}
		text := strings.Join(got, "\n")
		if len(got) != len(want) {
			t.Errorf("%s: %d findings, want %d:\n%s", name, len(got), len(want), text)
		}
		for i, w := range want {
			if i < len(got) && !strings.HasPrefix(got[i], w) {
				t.Errorf("%s: %q, want %q", name, got[i], w)
			}
		}
	}
	check("well",
		"credentials  ok: from environment variable AWS_ACCESS_KEY_ID; AWS is not asked whose they are",
		"zone example.org. ok: hosted zone Z1, 3 record sets, public",
		"permissions example.org. unclear: records can be listed",
		"zone map.example.org. wrong: hosted zone ZMAP, 2 record sets, managed by servicediscovery.amazonaws.com",
		"permissions map.example.org. unclear: ",
		"zone internal.example.org. wrong: no such zone: only private hosted zones",
		"zone gone.example.org. wrong: no such zone: none of the hosted zones",
		"clock  ok: ")
	if s.Count("ChangeResourceRecordSets") != 0 {
		t.Error("a write")
	}
	ahead.Store(int64(10 * time.Minute))
	zones = zones[:1]
	s.Deny("ListResourceRecordSets")
	check("denied, and a wrong clock",
		"credentials  ok: ",
		"zone example.org. ok: ",
		"permissions example.org. wrong: credentials refused: allow the IAM action route53:ListResourceRecordSets",
		"clock  wrong: 10m")
	s.SetKey(route53test.AccessKey, "")
	check("revoked", "credentials  ok: ", "zone example.org. ok: ", "permissions example.org. wrong: credentials refused: AWS does not know the access key", "clock  wrong: 10m")
}

// Who is asking is asked where the requests go to AWS as configured.
func TestExamineWho(t *testing.T) {
	s, _ := account(t)
	sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.Form.Get("Action") != "GetCallerIdentity" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprint(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/dnsplan</Arn><UserId>A</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
	}))
	t.Cleanup(sts.Close)
	t.Setenv("AWS_ENDPOINT_URL_ROUTE_53", s.URL)
	t.Setenv("AWS_ENDPOINT_URL_STS", sts.URL)
	p := fast(t, s, func(c *route53.Config) { c.Endpoint = "" })
	f := p.Examine(t.Context(), nil)[0]
	if f.Verdict != providers.Good || !strings.HasSuffix(f.Detail, ", of arn:aws:iam::123456789012:user/dnsplan") {
		t.Errorf("%+v", f)
	}
	refused := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid.</Message></Error></ErrorResponse>`)
	}))
	t.Cleanup(refused.Close)
	t.Setenv("AWS_ENDPOINT_URL_STS", refused.URL)
	if f := fast(t, s, func(c *route53.Config) { c.Endpoint = "" }).Examine(t.Context(), nil)[0]; f.Verdict != providers.Bad || f.Remedy == "" {
		t.Errorf("a revoked key: %+v", f)
	}
	t.Setenv("AWS_ENDPOINT_URL_STS", sts.URL)
	sts.Close()
	if f := p.Examine(t.Context(), nil)[0]; f.Verdict != providers.Unclear {
		t.Errorf("nobody answers: %+v", f)
	}
}
