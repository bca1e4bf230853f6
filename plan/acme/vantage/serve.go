package vantage

import (
	"crypto/sha256"
	"crypto/subtle"
	"mime"
	"net/http"
	"strings"
)

// atOnce is how many requests an agent carries out at the same time. Each holds a
// connection of somebody else's server.
const atOnce = 8

// Handler serves the agent by POST to the path "/", for whoever has the bearer
// token (RFC 6750); an empty token lets everybody ask. More requests than a few at
// the same time are turned away with 503.
func (a *Agent) Handler(token string) http.Handler {
	turns := make(chan struct{}, atOnce)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{$}", func(w http.ResponseWriter, r *http.Request) {
		if token != "" && !bears(r, token) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "the bearer token is missing or wrong", http.StatusUnauthorized)
			return
		}
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != jsonType {
			http.Error(w, "the request is not "+jsonType, http.StatusUnsupportedMediaType) // a web page cannot send that unasked
			return
		}
		select {
		case turns <- struct{}{}:
			defer func() { <-turns }()
		default:
			w.Header().Set("Retry-After", "5")
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", jsonType)
		_ = a.Exchange(r.Context(), r.Body, w) // whoever asked is gone
	})
	return mux
}

// bears compares digests, so that the time it takes tells nothing of the token.
func bears(r *http.Request, token string) bool {
	kind, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	want, got := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(strings.TrimSpace(given)))
	return strings.EqualFold(kind, "Bearer") && subtle.ConstantTimeCompare(want[:], got[:]) == 1
}
