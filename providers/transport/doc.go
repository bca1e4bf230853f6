// Package transport is the chain of http.RoundTrippers that every adapter over
// HTTP shares: a rate limit that listens to the vendor, retries of what is safe
// to repeat, a line of log for each request, and redaction.
//
//	chain := transport.New(transport.Options{
//		Name: "cf", Secrets: []string{token}, Rate: 3.5, Burst: 150, Log: settings.Log,
//	})
//	client := chain.Client() // an *http.Client for a vendor's SDK
//
// Client code that takes no client reaches its chain through the Carrier that the
// program puts in the place of http.DefaultTransport.
//
// What a request may do to the zone decides what happens when it fails. A read
// is tried again. A write is tried again only when it cannot have been acted on:
// the connection was never made, or the vendor says that it refused it for the
// rate (429). A write whose reply was lost, or that was answered with a server
// error, is an error that wraps providers.ErrUnknown: its caller reads, compares
// and then decides.
//
// Some SDKs return the context's error in the place of the chain's once the
// context has ended (cloudflare-go and aws-sdk-go-v2 do). An adapter that writes
// through one keeps what the chain said, or takes it that the write was sent.
//
// A reply is read whole before anybody sees it, so that one that breaks off in
// the middle fails here, under the same rules.
package transport
