package acme

// httpChecks are the rows of the table about HTTP, and the time between two
// servers.
func httpChecks() []check {
	return []check{
		{"H-PORT80", Error, "the challenge's port is open at each address", checkPort},
		{"H-TOKEN", Error, "the server of the ACME client answers challenges", checkToken},
		{"H-PATH", Warning, "the challenge's path is not answered by something else", checkPath},
		{"H-REDIR", Error, "an authority follows the redirects", checkRedirects},
		{"H-PARK", Error, "it is not a parking page that answers", checkParking},
		{"H-CDN", Error, "a CDN, if there is one, lets challenges through", checkCDN},
		{"H-WAF", Warning, "clients other than browsers are not turned away", checkFilter},
		{"H-LB", Error, "every backend of a load balancer answers challenges", checkBalance},
		{"H-VANTAGE", Error, "challenges are answered to the outside", checkVantages},
		{"B-BRIDGE", Warning, "the old server passes challenges on while both are asked", checkBridge},
	}
}

// perAddress judges each address; see gathered.
func (e *examination) perAddress(all []fetched, judge func(fetched) Finding, passes string) []Finding {
	out := make([]Finding, len(all))
	for i, f := range all {
		out[i] = judge(f)
		switch {
		case out[i].Outcome == Fail && e.astray(f.target):
			out[i] = out[i].because(misled(f.target))
		case out[i].Outcome == Unknown && out[i].Because == "":
			out[i] = out[i].because(e.cause(f))
		}
	}
	return e.gathered(out, passes)
}
