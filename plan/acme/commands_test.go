package acme

import "testing"

// What a folder or a host is called gets into no command, nor into a server's
// configuration, as more than one word.
func TestFoldersAreOneWord(t *testing.T) {
	for folder, want := range map[string][2]string{
		"/var/www/html":    {"/var/www/html", "/var/www/html"},
		"/srv/Web_1+2":     {"/srv/Web_1+2", "/srv/Web_1+2"},
		"http://[::1]:80/": {"'http://[::1]:80/'", `"http://[::1]:80/"`},
		"/srv/my site":     {"'/srv/my site'", `"/srv/my site"`},
		"/srv/$(id)":       {"'/srv/$(id)'", `"/srv/$(id)"`},
		`/srv/it's; "so"`:  {`'/srv/it'\''s; "so"'`, `"/srv/it's; \"so\""`},
	} {
		if got := [2]string{inShell(folder), source{webroot: folder}.folder()}; got != want {
			t.Errorf("%s: %q, want %q", folder, got, want)
		}
	}
}

func TestWithCommands(t *testing.T) {
	for text, want := range map[string]string{
		"dnsplan plan -o a.plan a.example.org\ndnsplan apply a.plan":     "dnsplan plan -o a.plan a.example.org -i x.toml\ndnsplan apply a.plan -i x.toml",
		"dnsplan window a.example.org -- certbot renew":                  "dnsplan window a.example.org -i x.toml -- certbot renew",
		"DIR=/srv/dns\n17 * * * * cd \"$DIR\" && dnsplan drift":          "DIR=/srv/dns\n17 * * * * cd \"$DIR\" && dnsplan drift -i x.toml",
		"17 * * * * cd /srv/dnsplan && dnsplan drift --no-color":         "17 * * * * cd /srv/dnsplan && dnsplan drift --no-color -i x.toml",
		"[[vantage]]\ncommand = [\"ssh\", \"dnsplan \", \"vantage\"]":    "[[vantage]]\ncommand = [\"ssh\", \"dnsplan \", \"vantage\"]",
		"certbot renew --cert-name a.example.org":                        "certbot renew --cert-name a.example.org",
		"dnsplan IN CNAME www.example.net.":                              "dnsplan IN CNAME www.example.net.",
		"dnsplan 300 IN A 192.0.2.1":                                     "dnsplan 300 IN A 192.0.2.1",
		"a 300 IN A 192.0.2.1 ; of dnsplan itself, and no command of it": "a 300 IN A 192.0.2.1 ; of dnsplan itself, and no command of it",
		"": "",
	} {
		f := Found{Findings: []Finding{{Remedies: []Remedy{{Do: "dnsplan stays", Paste: text}}}}}
		got := f.WithCommands(func(words string) string { return "dnsplan " + words + " -i x.toml" })
		if r := got.Findings[0].Remedies[0]; r.Paste != want || r.Do != "dnsplan stays" {
			t.Errorf("got %q, want %q", r.Paste, want)
		}
		if f.Findings[0].Remedies[0].Paste != text {
			t.Error("the original has changed")
		}
	}
}
