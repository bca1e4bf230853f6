package http01

import "net/url"

// JudgeRedirect is judge with the defaults of the Options.
func JudgeRedirect(from *url.URL, code int, location string, fetched []string) (*url.URL, *Error) {
	o := Options{}.withDefaults()
	return o.judge(from, code, location, fetched)
}
