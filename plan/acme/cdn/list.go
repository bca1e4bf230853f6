package cdn

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// List is the address ranges that a vendor publishes.
type List struct {
	Vendor Vendor
	// Date is the day, in UTC, on which the vendor published this.
	Date time.Time
	// Source is where it was published.
	Source string
	// Prefixes are sorted, IPv4 first, and without duplicates.
	Prefixes []netip.Prefix
	// Refreshed says that it did not come with the program.
	Refreshed bool
}

// heading is the first line of a list's text; the number is its version.
const heading = "# dnsplan address ranges 1"

// mostPrefixes bounds a list: what is longer is no list of ranges.
const mostPrefixes = 20000

// Encode writes the list as text: a head of fields, and a line for each prefix.
// ParseList reads it.
func (l List) Encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\nvendor: %s\ndate: %s\nsource: %s\nprefixes: %d\n",
		heading, l.Vendor, l.Date.Format(time.DateOnly), l.Source, len(l.Prefixes))
	for _, p := range l.Prefixes {
		fmt.Fprintln(&b, p)
	}
	return b.Bytes()
}

// ParseList reads what Encode wrote. A text that lacks a field, or a prefix of
// the number that its head gives, is an error, as is everything that check
// refuses.
func ParseList(text []byte) (List, error) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	if !lines.Scan() || lines.Text() != heading {
		return List{}, errors.New("line 1: no list of address ranges")
	}
	var l List
	count, err := l.head(lines)
	if err != nil {
		return List{}, err
	}
	for lines.Scan() {
		p, err := netip.ParsePrefix(lines.Text())
		if err != nil {
			return List{}, fmt.Errorf("%.60q is no prefix", lines.Text())
		}
		l.Prefixes = append(l.Prefixes, p)
	}
	if err := lines.Err(); err != nil {
		return List{}, err
	}
	if len(l.Prefixes) != count {
		return List{}, fmt.Errorf("%d prefixes in place of %d: it is cut off or was edited", len(l.Prefixes), count)
	}
	return l.checked()
}

// head reads the four fields and returns how many prefixes follow.
func (l *List) head(lines *bufio.Scanner) (count int, err error) {
	fields := map[string]string{}
	for _, key := range []string{"vendor", "date", "source", "prefixes"} {
		if !lines.Scan() {
			return 0, fmt.Errorf("the field %q is missing: it is cut off", key)
		}
		value, ok := strings.CutPrefix(lines.Text(), key+": ")
		if !ok {
			return 0, fmt.Errorf("%.60q stands in place of the field %q", lines.Text(), key)
		}
		fields[key] = value
	}
	l.Vendor, l.Source = Vendor(fields["vendor"]), fields["source"]
	if l.Date, err = time.Parse(time.DateOnly, fields["date"]); err != nil {
		return 0, fmt.Errorf("%.60q is no date", fields["date"])
	}
	if count, err = strconv.Atoi(fields["prefixes"]); err != nil {
		return 0, fmt.Errorf("%.60q is no number of prefixes", fields["prefixes"])
	}
	return count, nil
}

// checked returns the list sorted, or why it is not fit to judge by.
func (l List) checked() (List, error) {
	if !l.Vendor.published() {
		return List{}, fmt.Errorf("%.60q is no vendor whose ranges are known", string(l.Vendor))
	}
	if n := len(l.Prefixes); n == 0 || n > mostPrefixes {
		return List{}, fmt.Errorf("%d prefixes: a list has from 1 to %d", n, mostPrefixes)
	}
	for _, p := range l.Prefixes {
		if err := fit(p); err != nil {
			return List{}, err
		}
	}
	l.Prefixes = slices.SortedFunc(slices.Values(l.Prefixes), comparePrefixes)
	l.Prefixes = slices.Compact(l.Prefixes)
	return l, nil
}

// The widest prefixes that a vendor can be believed to have.
const (
	widest4 = 8
	widest6 = 19
)

// fit refuses a prefix that no vendor has: it would put everybody behind a CDN.
func fit(p netip.Prefix) error {
	a, least := p.Addr(), widest6
	if a.Is4() {
		least = widest4
	}
	switch {
	case p != p.Masked():
		return fmt.Errorf("%s has bits behind its mask", p)
	case p.Bits() < least:
		return fmt.Errorf("%s is wider than a vendor's network", p)
	case a.Is4In6(), !a.IsGlobalUnicast(), a.IsPrivate(), a.IsLoopback():
		return fmt.Errorf("%s is not of the public internet", p)
	}
	return nil
}

// comparePrefixes sorts IPv4 first, then by address, then the wider one first.
func comparePrefixes(a, b netip.Prefix) int {
	if c := a.Addr().Compare(b.Addr()); c != 0 {
		return c
	}
	return a.Bits() - b.Bits()
}

// contains returns the narrowest prefix that a is in.
func (l List) contains(a netip.Addr) (netip.Prefix, bool) {
	var found netip.Prefix
	for _, p := range l.Prefixes {
		if p.Contains(a) && p.Bits() >= found.Bits() {
			found = p
		}
	}
	return found, found.IsValid()
}
