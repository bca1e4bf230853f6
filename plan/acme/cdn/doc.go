// Package cdn tells which content delivery network, if any, stands in front of a
// name: who it is that answers on port 80 when a certificate authority comes.
//
//	ranges, damage := cdn.Load(os.DirFS(filepath.Join(state, "cdn")))
//	v := ranges.Judge(cdn.Evidence{Addrs: addrs, CNAMEs: chain, Header: answer.Header})
//	if v.Vendor != "" {
//		fmt.Println(v.Vendor.Title(), v.Basis, v.Why)
//	}
//
// The evidence is weighed in this order: what the provider's API says of the
// record; an address within a range that the vendor publishes; a name that the
// chain of CNAMEs ends in; fields of the answer, and Cloudflare's trace of a
// request. An address is a hint alone:
// vendors let customers use the same ranges without a proxy, and proxy addresses
// that customers bring. Whether a challenge gets through is told by a request.
//
// The ranges of Cloudflare, Fastly and CloudFront come with the program, each
// with its date; Source.Fetch gets the vendor's list of today, and Save keeps it
// where Load finds it. Akamai publishes none.
package cdn
