package execute

import (
	"fmt"
	"strings"
)

// maxListed is how many RRsets an error's text names. Such texts are kept in the
// journal and told in reports; the events and the result hold every RRset.
const maxListed = 100

// listed joins the first 100 lines, and says how many more there are.
func listed(lines []string, separator string) string {
	text := strings.Join(lines[:min(len(lines), maxListed)], separator)
	if more := len(lines) - maxListed; more > 0 {
		text += fmt.Sprintf("%sand %d more", separator, more)
	}
	return text
}
