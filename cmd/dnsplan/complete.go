package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory"
	"github.com/dnsplan/dnsplan/inventory/authority"
	"github.com/dnsplan/dnsplan/plan/acme"
	"github.com/dnsplan/dnsplan/plan/acme/cdn"
	"github.com/dnsplan/dnsplan/plan/journal"
)

// complete has shells complete the arguments of each command, by the words of its
// Use, and the values of flags, by their names. What is read for that asks nobody,
// and where it cannot be read nothing is proposed.
func (a *app) complete(c *cobra.Command) {
	c.ValidArgsFunction = a.arguments(c.Use)
	values := a.flagValues()
	register := func(f *pflag.Flag) {
		if proposes, ok := values[f.Name]; ok && c.Name() != "import" { // which is for what no inventory has
			_ = c.RegisterFlagCompletionFunc(f.Name, proposes) // the flag is there
		}
	}
	c.Flags().VisitAll(register)
	c.PersistentFlags().VisitAll(register)
	for _, sub := range c.Commands() {
		a.complete(sub)
	}
}

// arguments are what a Use asks for: "check [NAME...]", "show FILE|RUN".
func (a *app) arguments(use string) cobra.CompletionFunc {
	has := func(word string) bool { return strings.Contains(use, word) }
	switch {
	case has("FILE|RUN"):
		return several(a.runIDs, cobra.ShellCompDirectiveDefault)
	case has("FILE") && has("NAME"):
		return behindFile(a.names)
	case has("FILE"):
		return nil
	case has(" -- "):
		return a.beforeDash(a.names)
	case has("import"):
		return cobra.NoFileCompletions
	case has("NAME..."):
		return several(a.names, cobra.ShellCompDirectiveNoFileComp)
	case has("NAME"):
		return one(a.names)
	case has("ZONE..."):
		return several(a.zones, cobra.ShellCompDirectiveNoFileComp)
	case has("VENDOR..."):
		return several(vendorNames, cobra.ShellCompDirectiveNoFileComp)
	case has("RUN"):
		return one(a.runIDs)
	}
	return cobra.NoFileCompletions
}

// flagValues are what flags may be given, by their names.
func (a *app) flagValues() map[string]cobra.CompletionFunc {
	return map[string]cobra.CompletionFunc{
		"only": checkIDs, "skip": checkIDs,
		"ca":        cobra.FixedCompletions(authority.Trials(), cobra.ShellCompDirectiveNoFileComp),
		"strategy":  cobra.FixedCompletions([]string{inventory.Staged, inventory.Direct}, cobra.ShellCompDirectiveNoFileComp),
		"scan-zone": value(a.zones), "confirm": value(a.zones), "group": value(a.groups),
		"allow-empty": value(func(c *cobra.Command) []string { return append(a.zones(c), a.names(c)...) }),
		"dir":         folders, "state-dir": folders,
	}
}

func folders(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// several proposes what is not there yet.
func several(list func(*cobra.Command) []string, d cobra.ShellCompDirective) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		return slices.DeleteFunc(list(c), func(s string) bool { return slices.Contains(args, s) }), d
	}
}

// one proposes a single argument.
func one(list func(*cobra.Command) []string) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return list(c), cobra.ShellCompDirectiveNoFileComp
	}
}

// value proposes the value of a flag.
func value(list func(*cobra.Command) []string) cobra.CompletionFunc {
	return func(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return list(c), cobra.ShellCompDirectiveNoFileComp
	}
}

// behindFile proposes a file, and then what list has.
func behindFile(list func(*cobra.Command) []string) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, to string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return several(list, cobra.ShellCompDirectiveNoFileComp)(c, args, to)
	}
}

// beforeDash proposes what list has, and the words of a command behind "--". Flags do
// not tell of that one: cobra puts another one behind all.
func (a *app) beforeDash(list func(*cobra.Command) []string) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, to string) ([]string, cobra.ShellCompDirective) {
		if slices.Contains(a.args[:len(a.args)-1], "--") { // the last is what is completed
			return nil, cobra.ShellCompDirectiveDefault
		}
		return several(list, cobra.ShellCompDirectiveNoFileComp)(c, args, to)
	}
}

// checkIDs proposes checks, with what they prove, and families, behind those that a
// list has already.
func checkIDs(_ *cobra.Command, _ []string, to string) (out []string, d cobra.ShellCompDirective) {
	d = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	before := to[:strings.LastIndexByte(to, ',')+1]
	begun := strings.ToUpper(to[len(before):])
	there := strings.Split(strings.ToUpper(before), ",")
	propose := func(word, what string) {
		if strings.HasPrefix(word, begun) && !slices.Contains(there, word) {
			out = append(out, to+word[len(begun):]+"\t"+what)
		}
	}
	last := ""
	for _, c := range acme.Checks() {
		family, _, _ := strings.Cut(string(c.ID), "-")
		if family != last && !slices.Contains(there, family) {
			propose(family, "all of "+family+"-*")
		}
		last = family
		propose(string(c.ID), c.Proves)
	}
	return out, d
}

func vendorNames(*cobra.Command) (out []string) {
	for _, v := range cdn.Published() {
		out = append(out, string(v))
	}
	return out
}

// wanted is the inventory, or an empty one.
func (a *app) wanted(c *cobra.Command) *inventory.Inventory {
	s, err := a.common(c)
	if err != nil {
		return &inventory.Inventory{}
	}
	inv, err := config.Load(s.Inventory, a.env)
	if err != nil {
		return &inventory.Inventory{}
	}
	return inv
}

// names are those of the inventory's records, but for wildcards.
func (a *app) names(c *cobra.Command) (out []string) {
	for _, z := range a.wanted(c).Zones {
		for _, r := range z.Records {
			if !r.Name.IsWildcard() {
				out = append(out, r.Name.Display())
			}
		}
	}
	return distinct(out)
}

func (a *app) zones(c *cobra.Command) (out []string) {
	for _, z := range a.wanted(c).Zones {
		out = append(out, z.Name.Display())
	}
	return distinct(out)
}

func (a *app) groups(c *cobra.Command) (out []string) {
	for _, z := range a.wanted(c).Zones {
		for _, r := range z.Records {
			if r.Group != "" {
				out = append(out, r.Group)
			}
		}
	}
	return distinct(out)
}

// runIDs are those of the state folder, and the word for the newest.
func (a *app) runIDs(c *cobra.Command) []string {
	s, err := a.common(c)
	if err != nil {
		return nil
	}
	runs, err := journal.ListRuns(s.StateDir)
	if err != nil || len(runs) == 0 {
		return nil
	}
	out := []string{"last"}
	for _, r := range runs {
		out = append(out, r.ID)
	}
	return out
}

func distinct(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
