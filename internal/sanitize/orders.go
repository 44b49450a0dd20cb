package sanitize

import (
	"strings"
)

// order is a way in which a whole answer may be rearranged.
type order struct {
	name string
	// read calls yield with every order of the text, as text, until it returns false.
	read func(text string, yield func(string) bool)
}

var orders = [...]order{
	{"every nth word", everyNthWord},
	{"rail fence", railFence},
	{"columns", columns},
}

const (
	minOrdered  = 40      // letters of a text that is rearranged
	maxOrdered  = 1 << 14 // bytes
	mostLetters = 65      // percent
)

// readOrders looks for secrets in other orders of the whole text.
func (s *scanner) readOrders() {
	if s.reader.letters.n < minOrdered || len(s.text) > maxOrdered {
		return
	}
	text := string(s.text)
	natural := s.oddBytes*4 < len(s.text)
	visible := len(s.text) - strings.Count(text, " ") - strings.Count(text, "\n")
	view := s.tally.view
	for _, o := range orders {
		if natural || s.reader.letters.n*100 < visible*mostLetters {
			break // the letters of a text in another order are still most of it
		}
		s.tally.view = view + o.name + " > "
		o.read(text, func(ordered string) bool {
			s.readPlain(ordered)
			return !s.tally.leaked()
		})
	}
	s.tally.view = view
	if !s.tally.leaked() {
		s.readAnagrams(text, natural)
	}
}

// everyNthWord yields every third and fourth word, since pairs of words at a shorter distance are seen anyway.
func everyNthWord(text string, yield func(string) bool) {
	words := strings.Fields(text)
	for n := 3; n <= 6; n++ {
		for offset := 0; offset < n && len(words) > 5*n; offset++ {
			var out strings.Builder
			for i := offset; i < len(words); i += n {
				out.WriteString(words[i] + " ")
			}
			if !yield(out.String()) {
				return
			}
		}
	}
}

// railFence yields text, with and without its spaces, as if written along 2 to 8 rails.
func railFence(text string, yield func(string) bool) {
	for _, t := range forms(text) {
		for rails := 2; rails <= 8; rails++ {
			if !yield(string(alongRails(t, rails))) {
				return
			}
		}
	}
}

// forms returns text as it is, without white space, and its letters alone. Characters that are not ASCII are left out
// of a text that has other ones.
func forms(text string) [][]byte {
	all, visible, letters := make([]byte, 0, len(text)), make([]byte, 0, len(text)), make([]byte, 0, len(text))
	for _, r := range text {
		c := byte(0x7F)
		if r < 0x7F {
			c = byte(r)
		}
		all = append(all, c)
		if c > ' ' {
			visible = append(visible, c)
		}
		if c|0x20 >= 'a' && c|0x20 <= 'z' {
			letters = append(letters, c)
		}
	}
	return [][]byte{all, visible, letters}
}

// alongRails returns text, which was written along rails, in its original order.
func alongRails(text []byte, rails int) []byte {
	out := make([]byte, len(text))
	from, period := 0, 2*rails-2
	for rail := range rails {
		down, up := period-2*rail, 2*rail // distances to the next character on the rail, alternating
		if down == 0 {
			down, up = up, down
		}
		for to := rail; to < len(text); from++ {
			out[to] = text[from]
			if to += down; up != 0 {
				down, up = up, down
			}
		}
	}
	return out
}

// columns yields text and its words read in 2 to 12 columns, or in as many rows, from top to bottom.
func columns(text string, yield func(string) bool) {
	words := strings.Fields(text)
	for _, t := range forms(text) {
		for width := 2; width <= 12; width++ {
			rows := (len(t) + width - 1) / width
			if !yield(string(byColumns(t, width))) || !yield(string(byColumns(t, rows))) {
				return
			}
		}
	}
	for width := 2; width <= 12; width++ {
		rows := (len(words) + width - 1) / width
		if !yield(strings.Join(byColumns(words, width), " ")) || !yield(strings.Join(byColumns(words, rows), " ")) {
			return
		}
	}
}

// byColumns reads a list in rows of width column by column.
func byColumns[T any](list []T, width int) []T {
	out := make([]T, 0, len(list))
	for c := range width {
		for i := c; i < len(list); i += width {
			out = append(out, list[i])
		}
	}
	return out
}
