package transport_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/providers"
	"github.com/dnsplan/dnsplan/providers/transport"
)

// A vendor that is busy once, and then loses what became of a write.
func ExampleNew() {
	busy := true
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case busy:
			busy = false
			w.WriteHeader(http.StatusTooManyRequests)
		case r.Method == http.MethodPost:
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer vendor.Close()

	chain := transport.New(transport.Options{Name: "cf", Secrets: []string{"token-4711"}, Pause: time.Millisecond})
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		r, err := http.NewRequestWithContext(context.Background(), method, vendor.URL+"/zones", strings.NewReader("{}"))
		if err != nil {
			panic(err)
		}
		resp, err := chain.Client().Do(r)
		if err == nil {
			resp.Body.Close()
		}
		fmt.Println(method, err == nil, errors.Is(err, providers.ErrUnknown), chain.Budget().Used)
	}
	// Output:
	// GET true false 2
	// POST false true 3
}
