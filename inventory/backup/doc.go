// Package backup keeps snapshots of zones on disk, as evidence and as desired
// state from the past.
//
//	info, err := backup.Save(dir, now, snapshot, backup.Meta{View: "internal", Provider: "cf"})
//	// dir/20261123T060000Z-example.org@internal.zone and .json
//	snapshot, meta, err := backup.Load(info.Path)
//
// The zone file is RFC 1035 text that an authoritative server loads, as far as
// the provider showed an SOA record and NS records. What such a file cannot
// hold stands in comments: proxied, an automatic TTL, comments and tags, and
// sets that are no records of the zone (alias, traffic-policy, disabled).
//
// The JSON file holds everything that the provider knows. Its first line is the
// head: version, time, zone, view, provider, run and counts. Each RRset and
// each other record has a line of its own. The last line holds the SHA-256 of
// all lines before it. The file is one JSON document.
//
// Both files are written with mode 0600 under a temporary name, synced and
// renamed, the JSON file last: a zone file without one is no backup.
package backup
