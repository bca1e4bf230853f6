package resolver

import (
	"fmt"
	"strings"
	"unicode"
)

// rcodeNames are the response codes of the IANA registry that servers send
// (RFC 6895, section 2.3).
var rcodeNames = map[uint16]string{
	0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED",
	6: "YXDOMAIN", 7: "YXRRSET", 8: "NXRRSET", 9: "NOTAUTH", 10: "NOTZONE",
	16: "BADVERS", 23: "BADCOOKIE",
}

// rcodeName returns the mnemonic, or "RCODE11" where there is none.
func rcodeName(rcode uint16) string {
	if name, ok := rcodeNames[rcode]; ok {
		return name
	}
	return fmt.Sprintf("RCODE%d", rcode)
}

// edeNames are the purposes of the extended errors, by code (RFC 8914,
// section 4, and the IANA registry behind it).
var edeNames = [...]string{
	"Other Error", "Unsupported DNSKEY Algorithm", "Unsupported DS Digest Type", "Stale Answer",
	"Forged Answer", "DNSSEC Indeterminate", "DNSSEC Bogus", "Signature Expired",
	"Signature Not Yet Valid", "DNSKEY Missing", "RRSIGs Missing", "No Zone Key Bit Set",
	"NSEC Missing", "Cached Error", "Not Ready", "Blocked", "Censored", "Filtered", "Prohibited",
	"Stale NXDOMAIN Answer", "Not Authoritative", "Not Supported", "No Reachable Authority",
	"Network Error", "Invalid Data", "Signature Expired before Valid", "Too Early",
	"Unsupported NSEC3 Iterations Value", "Unable to conform to policy", "Synthesized",
	"Invalid Query Type",
}

// maxEDEText bounds how much of a server's own words is kept, in octets.
const maxEDEText = 256

// edeText is one extended error as people read it: its name and the server's
// own words, freed of control characters, which a terminal would obey.
func edeText(code uint16, extra []byte) string {
	name := fmt.Sprintf("extended error %d", code)
	if int(code) < len(edeNames) {
		name = edeNames[code]
	}
	text := strings.ToValidUTF8(string(extra[:min(len(extra), maxEDEText)]), "")
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	if text = strings.TrimSpace(text); text == "" {
		return name
	}
	return name + ": " + text
}
