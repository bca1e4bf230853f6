// Package zonefile is a provider whose zones are RFC 1035 master files in one
// folder: example.org. is example.org.zone.
//
//	p, err := zonefile.New("/var/lib/zones")
//	live, err := p.Read(ctx, "example.org.")
//	receipt, err := p.Write(ctx, "example.org.", changes)
//
// A file belongs to the people who edit it. A write changes the lines of the
// RRsets it was given and the SOA serial; every other byte stays: comments,
// directives, blank lines, layout, line ends. In detail:
//
//   - A record that stays keeps its line; only its TTL token is changed, or
//     added where it had none.
//   - A new value takes the line of a value that goes, with its layout and
//     comment; further new values follow the set's last line.
//   - A new set goes to the end of the file as absolute name, TTL, class.
//   - A line that took its owner name or its TTL from a line that is changed
//     gets its own, so that it keeps its meaning.
//   - The result is parsed and compared with what was wanted before it replaces
//     the file.
//
// What is read, where RFC 1035 leaves a choice:
//
//   - A missing TTL is that of $TTL (RFC 2308, section 4); without one, the last
//     that was written (RFC 1035, section 5.1); without either, the SOA MINIMUM.
//   - Two TTLs in one RRset (RFC 2181, section 5.2 forbids it) read as the
//     higher: servers differ in which one they serve, and a wait that is too
//     long is safe. A write of the set gives all its lines one TTL.
//   - A TTL of 0 is read, and can be written back, so that a set that had it
//     can be restored.
//   - Address sets that come, wholly or in part, out of $INCLUDE or $GENERATE
//     are foreign: "included", "generated". A set with an IPv4-mapped AAAA
//     address is "mapped". What an included file says in $ORIGIN and $TTL ends
//     with it. Included files lie in the folder, or the read fails.
//   - A record of another type that cannot be parsed keeps its raw text. An
//     address record that cannot be parsed, a word that is no record type, a
//     class other than IN or a name outside the zone fail the read, with path
//     and line.
//   - Exactly one SOA record stands at the apex, and can be parsed (RFC 1035,
//     section 5.2). A text without one is no zone file and is not read.
//   - A quoted string ends on its line: a stray quote must not swallow records.
package zonefile
