package main

import (
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/dnsplan/dnsplan/providers/transport"
)

// asProgram is the environment variable that makes the test binary be dnsplan
// itself, for tests that need a process of its own.
const asProgram = "DNSPLAN_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	http.DefaultTransport = transport.NewCarrier(transport.Bounded(http.DefaultTransport)) // as main does
	time.Local = time.UTC                                                                  // what people read is in local time
	os.Exit(m.Run())
}
