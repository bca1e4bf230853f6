package notify_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/notify"
)

// canary is a secret that must never be shown.
const canary = "xoxb0canary0secret"

// hook is a web hook that keeps what it was sent and answers with a status.
func hook(t *testing.T, status int) (url string, sent chan string) {
	t.Helper()
	sent = make(chan string, 8)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		sent <- r.URL.Path + " " + string(b)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "you sent "+r.URL.String())
	}))
	t.Cleanup(s.Close)
	return "generic+" + s.URL + "/" + canary, sent
}

func TestSend(t *testing.T) {
	first, a := hook(t, http.StatusOK)
	second, b := hook(t, http.StatusOK)
	errs := notify.Send(t.Context(), []notify.Target{{"one", first}, {"two", second}}, "run 01K5 holds\nexample.org.: why")
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	for _, sent := range []chan string{a, b} {
		if got := <-sent; got != "/"+canary+" run 01K5 holds\nexample.org.: why" {
			t.Errorf("sent %q", got)
		}
	}
}

// Whatever goes wrong, the error names the target and nothing of its URL.
func TestErrorsShowNothingOfTheURL(t *testing.T) {
	refused, _ := hook(t, http.StatusForbidden)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	l.Close()
	for name, url := range map[string]string{
		"refused":         refused,
		"nobody there":    "generic+http://user:" + canary + "@" + nobody + "/" + canary + "?token=" + canary,
		"unknown service": "nosuch://" + canary + "@host/" + canary,
		"no URL":          canary + "://%zz" + canary,
		"escaped":         "generic+http://" + nobody + "/" + strings.Replace(canary, "0", "%30", 1),
		"half a URL":      canary,
		"nothing":         "",
		"slack":           "slack://hook:" + canary + "-" + canary + "@webhook",
		"telegram":        "telegram://1234567:" + canary + "@telegram?chats=@x&bad=" + canary,
		"smtp":            "smtp://" + canary + ":" + canary + "@" + nobody + "/?from=a@example.org&to=b@example.org&auth=plain",
		"discord":         "discord://" + canary,
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
			defer stop()
			if name == "slack" || name == "telegram" {
				// these would go to the service itself: a URL that it does not take
				url = strings.Replace(url, "://", "://%zz", 1)
			}
			errs := notify.Send(ctx, []notify.Target{{Name: "notify[0]", URL: url}}, "x")
			if len(errs) != 1 || !strings.HasPrefix(errs[0].Error(), "notify[0]: ") {
				t.Fatalf("got %v", errs)
			}
			text := errs[0].Error()
			for _, secret := range []string{canary, "xoxb%30canary", nobody} {
				if strings.Contains(text, secret) {
					t.Errorf("it shows %q: %s", secret, text)
				}
			}
			if strings.Contains(text, "\n") {
				t.Errorf("more than one line: %q", text)
			}
		})
	}
}

// A service that does not answer is waited for no longer than the context says.
func TestSendIsBounded(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and is silent
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cause := errors.New("enough")
	ctx, stop := context.WithTimeoutCause(t.Context(), 3*time.Second, cause)
	defer stop()
	good, sent := hook(t, http.StatusOK)
	errs := notify.Send(ctx, []notify.Target{{"silent", "generic+http://" + l.Addr().String() + "/" + canary}, {"good", good}}, "x")
	if len(errs) != 1 || !errors.Is(errs[0], cause) || errs[0].Error() != "silent: enough" {
		t.Errorf("got %v", errs)
	}
	<-sent
}

// Nothing of a Send that was given up is left once the service has hung up.
func TestNothingIsLeftBehind(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	taken := make(chan net.Conn, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			taken <- c
		}
		stop() // now the message is under way
	}()
	errs := notify.Send(ctx, []notify.Target{{"silent", "generic+http://" + l.Addr().String() + "/"}}, "x")
	if len(errs) != 1 || !errors.Is(errs[0], context.Canceled) {
		t.Fatalf("got %v", errs)
	}
	if !sending() {
		t.Fatal("nothing sends: this test would see nothing")
	}
	(<-taken).Close()
	for deadline := time.Now().Add(2 * time.Minute); sending(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("something still sends")
		}
	}
}

// sending tells whether the library is in some goroutine.
func sending() bool {
	stacks := make([]byte, 1<<20)
	return strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "/shoutrrr/pkg/")
}
