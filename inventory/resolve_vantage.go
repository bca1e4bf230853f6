package inventory

import (
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// The limit of one request to a vantage. An authority gives a fetch some 15 s.
const (
	usualVantage   = 30 * time.Second
	longestVantage = 2 * time.Minute
)

func (r *resolver) vantages() {
	seen := map[string]string{}
	for i := range r.tables.Vantage {
		t := &r.tables.Vantage[i]
		path := pathOf("vantage", i)
		r.unique(seen, "vantage", t.Name, path)
		v := Vantage{Name: t.Name, Command: t.Command, Timeout: r.duration(t.Timeout, path+".timeout", usualVantage, time.Second)}
		if v.Timeout > longestVantage {
			r.add("bad-duration", path+".timeout", "timeout is %q, but must be %s at most", string(*t.Timeout), zone.FormatDuration(longestVantage))
		}
		r.vantageWay(t, path, &v)
		r.vantageToken(t, path, &v)
		r.inv.Vantages = append(r.inv.Vantages, v)
	}
}

// vantageWay checks how a vantage is asked: by a URL or by a command.
func (r *resolver) vantageWay(t *vantageTable, path string, v *Vantage) {
	switch {
	case r.undecoded(path+".url", path+".command"):
	case t.URL == nil && t.Command == nil:
		r.add("missing-key", path, "vantage %q cannot be asked", t.Name).fix("give it a url or a command")
	case t.URL != nil && t.Command != nil:
		r.add("bad-value", path+".command", "vantage %q has a url and a command", t.Name).key().fix("leave one of them out")
	case t.URL != nil:
		v.URL = *t.URL
		if wrong := checkURL(v.URL); wrong != "" {
			r.add("bad-value", path+".url", "url %s", wrong)
		}
	case len(t.Command) == 0 || t.Command[0] == "":
		r.add("bad-value", path+".command", "command names no program").fix(`as in ["ssh", "probe@192.0.2.7", "dnsplan", "vantage"]`)
	default:
		r.vantageWords(t.Command, path)
	}
}

// vantageWords refuses what no program can be given.
func (r *resolver) vantageWords(command []string, path string) {
	for i, word := range command {
		if strings.ContainsRune(word, 0) {
			r.add("bad-value", pathOf(path, "command", i), "a word of command holds a NUL")
		}
	}
}

func (r *resolver) vantageToken(t *vantageTable, path string, v *Vantage) {
	if t.Token == nil {
		return
	}
	v.Token = SecretRef(*t.Token)
	r.secret("token", *t.Token, path+".token")
	switch {
	case t.Command != nil && t.URL == nil:
		r.add("bad-value", path+".token", "token means nothing to a command").key().fix("leave it out")
	case inClear(v.URL):
		r.warn("token-in-clear", path+".token", "the token goes to vantage %q without encryption", t.Name).key().fix("give it an https url")
	}
}

// inClear tells whether what is sent to the URL can be read on the way.
func inClear(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" {
		return false
	}
	a, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() != "localhost" && (err != nil || !a.IsLoopback())
}

func (w *writer) vantages(list []Vantage) {
	for _, v := range list {
		w.table("[[vantage]]")
		w.text("name", v.Name)
		w.some("url", v.URL)
		if len(v.Command) > 0 {
			w.list("command", v.Command)
		}
		w.some("token", string(v.Token))
		w.span("timeout", v.Timeout)
	}
}
