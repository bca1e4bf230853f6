package report

import "strings"

// word is what stands between two blanks at which a line may be broken. One that is
// whole is never broken, even where a line cannot hold it.
type word struct {
	pieces []span
	whole  bool
}

// commands puts together what is to be pasted: the words of each command of this
// program that a colon, a bracket or a quote sets off from prose, up to the mark
// behind it.
func commands(all [][]span) []word {
	out := make([]word, 0, len(all))
	for before := ""; len(all) > 0; {
		n := 1
		if name, within := unbracketed(all[0]); name == strings.TrimSpace(program) && (within || strings.HasSuffix(before, ":")) {
			n = commandLength(all)
		}
		w := word{all[0], n > 1}
		for _, more := range all[1:n] {
			w.pieces = append(append(w.pieces, span{noBreak, more[0].style}), more...)
		}
		before = spelled(all[n-1])
		out, all = append(out, w), all[n:]
	}
	return out
}

// unbracketed is a word without the bracket or quote before it, if it has one.
func unbracketed(word []span) (text string, within bool) {
	text = spelled(word)
	bare := strings.TrimLeft(text, `("`)
	return bare, bare != text
}

// commandLength is how many words the command has that all begin with.
func commandLength(all [][]span) int {
	quotes := 0
	for i := 1; i < len(all); i++ {
		text := spelled(all[i])
		quotes += strings.Count(text, "'")
		flag := i+1 < len(all) && strings.HasPrefix(spelled(all[i+1]), "-")
		if quotes%2 == 0 && !flag && !strings.HasSuffix(text, "...") && strings.ContainsAny(text[len(text)-1:], ".,;:)") {
			return i + 1
		}
	}
	return len(all)
}

func spelled(word []span) string {
	var out strings.Builder
	for _, piece := range word {
		out.WriteString(piece.text)
	}
	return out.String()
}
