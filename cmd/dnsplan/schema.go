package main

import (
	"github.com/spf13/cobra"

	"github.com/dnsplan/dnsplan/inventory"
)

func newSchema(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the inventory, for editors",
		Long: `Prints the JSON Schema (draft 2020-12) of the inventory. Editors that know TOML
complete and check the file with it when its first line is

  #:schema ./dnsplan.schema.json
`,
		Example: "  dnsplan schema > dnsplan.schema.json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			doc, err := inventory.Schema()
			if err != nil {
				return err
			}
			_, err = a.stdout.Write(doc)
			return err
		},
	}
}
