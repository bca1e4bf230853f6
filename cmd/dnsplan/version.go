package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/dnsplan/dnsplan/plan"
)

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long:  "Prints the version, what it was built with, and the plan format it writes.",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := a.common(c)
			if err != nil {
				return err
			}
			v := buildVersion()
			if s.JSON {
				return json.NewEncoder(a.stdout).Encode(v)
			}
			_, err = fmt.Fprintf(a.stdout, "dnsplan %s (%s, plan format %d)\n", v.Version, v.Go, v.PlanFormat)
			return err
		},
	}
}

type versionInfo struct {
	Version    string `json:"version"`
	Revision   string `json:"revision,omitempty"`
	Go         string `json:"go"`
	PlanFormat int    `json:"plan_format"`
}

func buildVersion() versionInfo {
	v := versionInfo{Version: "devel", Go: runtime.Version(), PlanFormat: plan.FormatVersion}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if m := info.Main.Version; m != "" && m != "(devel)" {
		v.Version = m
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v.Revision = s.Value
		}
	}
	return v
}
