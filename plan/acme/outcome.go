package acme

import (
	"fmt"
	"slices"
	"strings"
)

// passed is a finding of what is as it should be.
func passed(asked []Asked, format string, args ...any) Finding {
	return Finding{Outcome: Pass, Summary: fmt.Sprintf(format, args...), Asked: asked}
}

// failed is a finding of what is wrong; its remedies are added by with.
func failed(asked []Asked, format string, args ...any) Finding {
	return Finding{Outcome: Fail, Summary: fmt.Sprintf(format, args...), Asked: asked}
}

// unclear is a finding of what cannot be told from here, and why.
func unclear(asked []Asked, format string, args ...any) Finding {
	return Finding{Outcome: Unknown, Summary: fmt.Sprintf(format, args...), Asked: asked}
}

// with returns f with remedies behind its own.
func (f Finding) with(r ...Remedy) Finding {
	f.Remedies = append(slices.Clone(f.Remedies), r...)
	return f
}

// at returns f with another severity than its row's.
func (f Finding) at(s Severity) Finding {
	f.Severity = s
	return f
}

// listed reads "a", "a and b", "a, b and c".
func listed[T fmt.Stringer](list []T) string {
	words := make([]string, len(list))
	for i, x := range list {
		words[i] = x.String()
	}
	return joinedWords(words)
}

// joinedWords reads "a", "a and b", "a, b and c".
func joinedWords(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return strings.Join(words, "")
}

// counted reads "1 name server", "2 name servers".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
