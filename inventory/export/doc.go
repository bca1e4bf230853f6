// Package export renders zones in the forms of other tools: a zone file, an
// inventory document for people, and what Cloudflare, Route 53, NameSilo,
// octoDNS and DNSControl read.
//
//	doc := export.Document{Inventory: inv}
//	for _, z := range inv.Zones {
//		doc.Zones = append(doc.Zones, export.Desired(inv, z))
//	}
//	out, err := export.Render(export.BIND, doc)
//	for _, f := range out.Files {
//		write(f.Name, f.Text)
//	}
//
// A zone is what the inventory wants, its address records, or with WithLive the
// whole zone as it will be once that is applied. What a form cannot say is left
// out, and told in the notes. Equal documents give equal bytes, and every file
// says within its first lines that dnsplan wrote it; see Marker.
//
// The forms are renderings of an inventory and of a provider's snapshot. They
// know neither plans nor runs, whose renderings are in plan/report.
package export
