package main

import (
	"flag"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
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
	_ = os.Unsetenv("COLUMNS")                                                             // and as wide as in a pipe
	_ = syscall.Umask(0o022)                                                               // modes of files are compared
	watchSignals()
	flag.Parse()
	if p := flag.Lookup("test.parallel"); p.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = p.Value.Set(atATime) // it is a number
	}
	os.Exit(m.Run())
}

// watchSignals has the runtime make its channels for signals, which the first one to
// ask for any makes: made in a bubble of synctest, they would be that bubble's, and
// the program dies of a signal's goroutine outside.
func watchSignals() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGWINCH)
	signal.Stop(c)
}

// atATime is how many tests run at the same time unless -parallel says otherwise:
// those that are parallel mostly wait, for processes, caches and deadlines.
const atATime = "8"
