package backup

import "github.com/dnsplan/dnsplan/inventory/zone"

// RecordLine returns a record as one line of a zone file, without the line's
// end, as backups hold it. It is a comment, and standard is false, where a
// server would not read the record.
func RecordLine(r zone.Record) (line string, standard bool) {
	b := appendRecord(nil, &r)
	return string(b[:len(b)-1]), isStandard(&r)
}
