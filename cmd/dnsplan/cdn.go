package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/plan/acme/cdn"
	"github.com/dnsplan/dnsplan/plan/journal"
	"github.com/dnsplan/dnsplan/plan/report"
)

func newCDN(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "cdn",
		Short: "The address ranges by which CDNs are told",
		Long: `The checks tell which CDN stands in front of a name, among other things by the
address ranges that Cloudflare, Amazon CloudFront and Fastly publish. Lists of
them come with dnsplan; "dnsplan cdn update" fetches those of today. Akamai and
others publish none, and are told by CNAMEs and by what they answer.`,
		Example: `  dnsplan cdn list
  dnsplan cdn lookup 104.16.132.229
  dnsplan cdn update`,
		Args: unknownCommand, SuggestionsMinimumDistance: 2,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(counted(newCDNList(a)), counted(newCDNLookup(a)), counted(newCDNUpdate(a)))
	return c
}

func newCDNList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list [VENDOR...]",
		Short: "Show the lists that there are, and how old they are",
		Long: `Shows the lists that the checks judge by, with their dates. With a VENDOR
(cloudflare, cloudfront, fastly) it shows its prefixes, one a line.`,
		Example: "  dnsplan cdn list\n  dnsplan cdn list cloudflare\n  dnsplan cdn list --json | jq -r '.lists[].prefixes[]'",
		RunE:    func(c *cobra.Command, vendors []string) error { return runCDNList(a, c, vendors) },
	}
}

func runCDNList(a *app, c *cobra.Command, args []string) error {
	s, ranges, err := a.ranges(c)
	if err != nil {
		return err
	}
	wanted, err := vendors(c, args)
	if err != nil {
		return err
	}
	lists := slices.DeleteFunc(slices.Clone(ranges.Lists()), func(l cdn.List) bool { return !slices.Contains(wanted, l.Vendor) })
	if s.JSON {
		return report.RangesJSON(a.stdout, lists)
	}
	return report.RangesText(a.stdout, lists, len(args) > 0, a.options(a.stdout, s))
}

func newCDNLookup(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "lookup ADDRESS",
		Short:   "Say whose range an address is in",
		Long:    "Says which vendor publishes a range that the address is in. Nobody is asked.",
		Example: "  dnsplan cdn lookup 104.16.132.229\n  dnsplan cdn lookup 2001:db8::10",
		Args:    cobra.ExactArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return runCDNLookup(a, c, args[0]) },
	}
}

func runCDNLookup(a *app, c *cobra.Command, text string) error {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return &usageError{c.CommandPath(), fmt.Errorf("%q is not an IP address", text)}
	}
	s, ranges, err := a.ranges(c)
	if err != nil {
		return err
	}
	if s.JSON {
		return report.LookupJSON(a.stdout, ranges, addr)
	}
	return report.LookupText(a.stdout, ranges, addr, a.options(a.stdout, s))
}

// ranges reads the lists. What is damaged in the state folder is a warning: the
// lists that came with the program are there.
func (a *app) ranges(c *cobra.Command) (config.Settings, cdn.Ranges, error) {
	s, err := a.common(c)
	if err != nil {
		return s, cdn.Ranges{}, err
	}
	ranges, damage := s.Ranges()
	a.warnOfRanges(s, damage)
	return s, ranges, nil
}

// warnOfRanges tells of lists that are damaged.
func (a *app) warnOfRanges(s config.Settings, damage []error) {
	for _, err := range damage {
		a.notices.line(fmt.Sprintf("warning: %v; the list that came with dnsplan is used; renew it: %s", err, s.Command("cdn update")))
	}
}

// vendors reads names of vendors whose ranges are known; none are all.
func vendors(c *cobra.Command, args []string) ([]cdn.Vendor, error) {
	if len(args) == 0 {
		return cdn.Published(), nil
	}
	var out []cdn.Vendor
	for _, arg := range args {
		v := cdn.Vendor(strings.ToLower(arg))
		if !slices.Contains(cdn.Published(), v) {
			return nil, &usageError{c.CommandPath(), fmt.Errorf("%q is no vendor whose ranges are known: %s", arg, vendorList(cdn.Published()))}
		}
		out = append(out, v)
	}
	return out, nil
}

// vendorList names vendors in a message.
func vendorList(vendors []cdn.Vendor) string {
	words := make([]string, len(vendors))
	for i, v := range vendors {
		words[i] = string(v)
	}
	return strings.Join(words, ", ")
}

type cdnUpdateOptions struct {
	from    map[string]string
	force   bool
	timeout time.Duration
}

func (o *cdnUpdateOptions) addFlags(f *pflag.FlagSet) {
	f.StringToStringVar(&o.from, "from", nil, "take a vendor's list from elsewhere, as fastly=`URL` or a file that was fetched from it")
	f.Lookup("from").DefValue = "" // none, and no list of none
	f.BoolVar(&o.force, "force", false, "take a list that has lost more than half of its prefixes")
	f.DurationVar(&o.timeout, "timeout", 30*time.Second, "limit of each request")
}

func newCDNUpdate(a *app) *cobra.Command {
	o := &cdnUpdateOptions{}
	c := &cobra.Command{
		Use:   "update [VENDOR...]",
		Short: "Fetch the vendors' lists of today",
		Long: `Fetches the address ranges that Cloudflare, Amazon CloudFront and Fastly
publish, and keeps them in the state folder. Each list is read strictly; one
that has lost more than half of its prefixes is refused without --force, and
then no list is replaced. Where one vendor's list cannot be had, the others are
replaced, and the exit code is 1.`,
		Example: `  dnsplan cdn update
  dnsplan cdn update fastly --from fastly=https://mirror.example.net/fastly.json
  dnsplan cdn update cloudfront --from cloudfront=ip-ranges.json`,
		RunE: func(c *cobra.Command, args []string) error { return runCDNUpdate(a, c, o, args) },
	}
	o.addFlags(c.Flags())
	return c
}

func runCDNUpdate(a *app, c *cobra.Command, o *cdnUpdateOptions, args []string) error {
	sources, err := o.sources(c, args)
	if err != nil {
		return err
	}
	s, ranges, err := a.ranges(c)
	if err != nil {
		return err
	}
	changes, failed := a.fetchRanges(c.Context(), o, sources, ranges)
	if err := c.Context().Err(); err != nil {
		return err
	}
	for _, change := range changes {
		if err := change.Check(); err != nil && !o.force {
			return err
		}
	}
	if err := saveRanges(s, changes); err != nil {
		return err
	}
	if s.JSON {
		err = report.RefreshedJSON(a.stdout, changes)
	} else {
		err = report.RefreshedText(a.stdout, changes, a.options(a.stdout, s))
	}
	return errors.Join(err, failed)
}

// sources are where the wanted vendors' lists are taken from.
func (o *cdnUpdateOptions) sources(c *cobra.Command, args []string) ([]cdn.Source, error) {
	wanted, err := vendors(c, args)
	if err != nil {
		return nil, err
	}
	for name := range o.from {
		if !slices.Contains(wanted, cdn.Vendor(name)) {
			return nil, &usageError{c.CommandPath(), fmt.Errorf("--from is for %q, which is none of: %s", name, vendorList(wanted))}
		}
	}
	all := slices.DeleteFunc(cdn.Sources(), func(s cdn.Source) bool { return !slices.Contains(wanted, s.Vendor) })
	for i := range all {
		if from, ok := o.from[string(all[i].Vendor)]; ok {
			all[i].URL = from
		}
	}
	return all, nil
}

// fetchRanges takes one list after the other, and goes on behind one that cannot
// be had. A list with an earlier date than the one that there is cannot either.
func (a *app) fetchRanges(ctx context.Context, o *cdnUpdateOptions, sources []cdn.Source, have cdn.Ranges) ([]cdn.Change, error) {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, DisableKeepAlives: true}
	client := &http.Client{Timeout: o.timeout, Transport: transport}
	var changes []cdn.Change
	var errs []error
	for _, source := range sources {
		l, err := take(ctx, client, source, a.clock.Now())
		if err != nil {
			errs = append(errs, err)
			continue
		}
		old, _ := have.List(l.Vendor)
		change := cdn.Compare(old, l)
		if err := change.Check(); errors.Is(err, cdn.ErrOlder) {
			errs = append(errs, err)
			continue
		}
		changes = append(changes, change)
	}
	return changes, errors.Join(errs...)
}

// take fetches a list, or reads it where the source is no URL but a file.
func take(ctx context.Context, client *http.Client, s cdn.Source, now time.Time) (cdn.List, error) {
	if u, err := url.Parse(s.URL); err == nil && u.Host != "" {
		l, err := s.Fetch(ctx, client, now)
		if err != nil {
			err = &rangesError{s.Vendor, err}
		}
		return l, err
	}
	text, err := os.ReadFile(s.URL)
	if err != nil {
		return cdn.List{}, fmt.Errorf("read the ranges of %s: %w", s.Vendor.Title(), err)
	}
	l, err := s.Parse(text, now)
	if err != nil {
		return l, fmt.Errorf("read the ranges of %s from %s: %w", s.Vendor.Title(), s.URL, err)
	}
	return l, nil
}

// rangesError is why a vendor's list could not be fetched: hints are about the vendor
// then, and not about a provider.
type rangesError struct {
	vendor cdn.Vendor
	err    error
}

func (e *rangesError) Error() string { return e.err.Error() }
func (e *rangesError) Unwrap() error { return e.err }

// place says in a hint which vendor it is.
func (e *rangesError) place(hint string) string {
	return strings.ReplaceAll(hint, "VENDOR", string(e.vendor))
}

func saveRanges(s config.Settings, changes []cdn.Change) error {
	if len(changes) == 0 {
		return nil
	}
	if err := journal.OpenState(s.StateDir); err != nil {
		return err
	}
	for _, change := range changes {
		if err := cdn.Save(filepath.Join(s.StateDir, config.RangesDir), change.New); err != nil {
			return err
		}
	}
	return nil
}
