package main

import (
	"flag"
	"net/http"
	"os"
	"runtime"
	"strconv"
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
	flag.Parse()
	if p := flag.Lookup("test.parallel"); p.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = p.Value.Set(atATime) // it is a number
	}
	os.Exit(m.Run())
}

// atATime is how many tests run at the same time unless -parallel says otherwise:
// those that are parallel mostly wait, for processes, caches and deadlines.
const atATime = "8"
