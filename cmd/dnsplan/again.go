package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
)

// typed makes what to type out of the words of a command: of "again" and more that of c
// itself, and of others with the inventory and the state folder that c was given.
func (a *app) typed(c *cobra.Command) func(words string) string {
	s, _ := a.common(c) // without settings, commands are suggested without flags
	return func(words string) string {
		if more, ok := strings.CutPrefix(words, "again "); ok {
			return again(c, more)
		}
		return s.Command(words)
	}
}

// again is the command line that c was given, to be pasted, with more: arguments, in
// place of those given, and flags, beside those given or in place of the same ones. The
// flags named without are left out.
func again(c *cobra.Command, more string, without ...string) string {
	added := strings.Fields(more)
	flags := slices.IndexFunc(added, func(word string) bool { return strings.HasPrefix(word, "-") })
	if flags < 0 {
		flags = len(added)
	}
	args := slices.Clone(added[:flags])
	if flags == 0 {
		for _, arg := range c.Flags().Args() {
			args = append(args, config.Quoted(arg))
		}
	}
	words := slices.Concat([]string{c.CommandPath()}, args, added[flags:])
	c.Flags().Visit(func(f *pflag.Flag) {
		if name := flagName(f); !slices.Contains(added, name) && !slices.Contains(without, f.Name) {
			words = append(words, given(f, name)...)
		}
	})
	return strings.Join(words, " ")
}

// flagName is how a flag is shown: "-i" or "--ca".
func flagName(f *pflag.Flag) string {
	if f.Shorthand != "" {
		return "-" + f.Shorthand
	}
	return "--" + f.Name
}

// given are the words of a flag as it was given.
func given(f *pflag.Flag, name string) (words []string) {
	value := f.Value.String()
	switch f.Value.Type() {
	case "bool":
		if value == "true" {
			return []string{name}
		}
		return []string{"--" + f.Name + "=" + value}
	case "stringArray":
		list, _ := f.Value.(pflag.SliceValue)
		for _, v := range list.GetSlice() {
			words = append(words, name, config.Quoted(v))
		}
		return words
	case "stringSlice", "stringToString": // in brackets
		value = value[1 : len(value)-1]
	}
	return []string{name, config.Quoted(value)}
}
