package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dnsplan/dnsplan/cmd/dnsplan/internal/config"
	"github.com/dnsplan/dnsplan/inventory"
)

func newValidate(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "validate",
		Short: "Check the inventory, without any network",
		Long: `Checks the inventory and prints every mistake with its line and column. Nothing
outside the file is asked.`,
		Example: `  dnsplan validate
  dnsplan validate -i inventory.example.toml`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runValidate(a, c) },
	}
}

func runValidate(a *app, c *cobra.Command) error {
	s, err := a.common(c)
	if err != nil {
		return err
	}
	inv, err := config.Load(s.Inventory, a.env)
	if err == nil {
		a.warnOfVariables(inv)
	}
	if s.JSON {
		return a.validateJSON(inv, err)
	}
	if err != nil {
		return err
	}
	for _, w := range inv.Warnings {
		a.notices.line(w.String())
	}
	records := 0
	for _, z := range inv.Zones {
		records += len(z.Records)
	}
	_, err = fmt.Fprintf(a.stdout, "%s is valid: %s, %s.\n", s.Inventory, count(len(inv.Zones), "zone"), count(records, "RRset"))
	return err
}

// validateJSON prints the diagnostics as one document.
func (a *app) validateJSON(inv *inventory.Inventory, err error) error {
	found, ok := errors.AsType[inventory.Errors](err)
	if err != nil && !ok {
		return err
	}
	list := inventory.Diagnostics(found)
	if inv != nil {
		list = inv.Warnings
	}
	e := json.NewEncoder(a.stdout)
	e.SetIndent("", "  ")
	doc := struct {
		FormatVersion int                   `json:"format_version"`
		Valid         bool                  `json:"valid"`
		Diagnostics   inventory.Diagnostics `json:"diagnostics"`
	}{1, err == nil, append(inventory.Diagnostics{}, list...)}
	if encodeErr := e.Encode(doc); encodeErr != nil {
		return encodeErr
	}
	if err != nil {
		return silent(exitError)
	}
	return nil
}

// count says "1 zone" or "2 zones".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
