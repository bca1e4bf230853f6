package caa

import (
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/plan/resolver"
)

// Fix is a change of the set at Result.At.
type Fix struct {
	Remove, Add []resolver.CAA
}

// Empty tells that there is nothing to change.
func (f Fix) Empty() bool { return len(f.Remove)+len(f.Add) == 0 }

// fix makes the nearest record permit, or adds one that does. A record for
// another account, or for other issuers, was put there on purpose and stays.
func (r Result) fix() Fix {
	add := resolver.CAA{Tag: "issue", Value: r.Request.Issuers[0]}
	if r.Reason == OtherMethod || r.Reason == OtherAccount {
		add.Value = r.Request.permitted(parse(r.Record.Value))
	}
	f := Fix{Add: []resolver.CAA{add}}
	if r.Reason == OtherMethod || r.Reason == LetterCase || r.Reason == BadValue {
		f.Remove = []resolver.CAA{*r.Record}
	}
	return f
}

// permitted is v with what it must say to permit the request.
func (q Request) permitted(v value) string {
	if !q.byMethod(v) {
		text, _, err := v.one("validationmethods")
		list := strings.Split(text, ",")
		if err != nil || !areMethods(list) {
			list = nil
		}
		v = v.with("validationmethods", strings.Join(append(list, q.method()), ","))
	}
	if q.byAccount(v) == OtherAccount {
		account := ""
		if len(q.Accounts) > 0 {
			account = q.Accounts[0]
		}
		v = v.with("accounturi", account)
	}
	return v.String()
}

// with returns v with one parameter set anew, or left out where text is empty.
func (v value) with(tag, text string) value {
	out := value{issuer: v.issuer}
	for _, p := range v.params {
		if p.tag != tag {
			out.params = append(out.params, p)
		}
	}
	if text != "" {
		out.params = append(out.params, param{tag, text})
	}
	return out
}

// String is the value as a record holds it.
func (v value) String() string {
	var s strings.Builder
	s.WriteString(v.issuer)
	for _, p := range v.params {
		s.WriteString("; " + p.tag + "=" + p.text)
	}
	return s.String()
}

// withoutCritical takes the critical records out, and permits what the others
// of the set forbid.
func (r Result) withoutCritical() Fix {
	var f Fix
	sets := slices.Clone(r.Sets)
	for i, s := range sets {
		if s.Name != r.At {
			continue
		}
		sets[i].Records = nil
		for _, c := range s.Records {
			if isCritical(c) {
				f.Remove = append(f.Remove, c)
			} else {
				sets[i].Records = append(sets[i].Records, c)
			}
		}
	}
	if rest := Judge(r.Request, sets); rest.At == r.At {
		f.Remove, f.Add = append(f.Remove, rest.Fix.Remove...), rest.Fix.Add
	}
	return f
}
