package transport

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// oneLine keeps a line of an error's several.
var oneLine = strings.NewReplacer("\r", " ", "\n", " ")

// log tells of one try: who, what, the outcome, how long it took, and what is
// left of the vendor's budget.
func (c *Chain) log(r *http.Request, a attempt, try int) {
	if c.opts.Log == nil {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s %s", c.opts.Name, r.Method, r.URL.Redacted())
	switch {
	case a.err != nil:
		fmt.Fprintf(&b, ": %v", a.err)
	default:
		fmt.Fprintf(&b, ": %d", a.resp.StatusCode)
	}
	fmt.Fprintf(&b, " in %d ms", a.took.Milliseconds())
	if try > 1 {
		fmt.Fprintf(&b, ", try %d", try)
	}
	if budget := c.Budget(); budget.Limit > 0 {
		fmt.Fprintf(&b, "; %d of %d requests left until %s", budget.Remaining, budget.Limit, budget.Reset.UTC().Format(time.TimeOnly+"Z"))
	}
	c.opts.Log(c.redact.text(oneLine.Replace(b.String())))
}
