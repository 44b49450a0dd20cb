package sanitize

const (
	minOrdered  = 40      // letters of a text that is rearranged
	maxOrdered  = 1 << 14 // bytes
	mostLetters = 65      // percent of the visible characters of a rearranged text that are letters at least
	mostSure    = 50      // percent of its letters that are in words of a language at most
)

// readOrders looks for secrets in other orders of the whole text. A text in another order does not look natural, and
// its letters are still most of it.
func (s *scanner) readOrders() {
	letters := s.reader.letters.n
	if letters < minOrdered || len(s.text) > maxOrdered {
		return
	}
	natural := s.oddBytes*4 < len(s.text)
	unknown := s.unknown.count(span{0, len(s.text)})
	sure := s.reader.sure*100 >= letters*mostSure
	if !natural {
		s.readOrdered(newOrdered(s), sure, unknown)
	}
	if !s.tally.leaked() && (natural || !sure || unknown <= maxUnknown) {
		s.readAnagrams(natural)
	}
}

// readOrdered reads text in other orders. Its characters are not rearranged if its words are sure to be words.
func (s *scanner) readOrdered(text *ordered, sure bool, unknown int) {
	if s.reader.letters.n*100 < len(text.visible)*mostLetters {
		return
	}
	view := s.tally.view
	read := func(order string, symbols []uint8) bool {
		s.tally.view = view + order + " > "
		return s.readLetters(symbols)
	}
	_ = text.everyNthWord(read) && (unknown*2 > len(text.words) || text.wordColumns(read)) &&
		(sure || text.railFence(read) && text.columns(read) && text.blocksBackwards(read))
	s.tally.view = view
}

// ordered is a text that is read in other orders, as letters; 0 is another character.
type ordered struct {
	all     []uint8   // characters
	visible []uint8   // without white space
	letters []uint8   // letters alone
	words   [][]uint8 // letters of each word
	out     []uint8
}

func newOrdered(s *scanner) *ordered {
	o := &ordered{
		all: make([]uint8, 0, len(s.text)), visible: make([]uint8, 0, len(s.text)),
		letters: make([]uint8, 0, len(s.text)), out: make([]uint8, 0, len(s.text)),
	}
	from, inWord := 0, false
	end := func() {
		if inWord {
			o.words = append(o.words, o.letters[from:])
		}
		from, inWord = len(o.letters), false
	}
	for _, r := range string(s.text) {
		c := s.filter.fold.Code(r)
		o.all = append(o.all, c)
		if r == ' ' || r == '\n' || r == '\t' || r == '\r' {
			end()
			continue
		}
		inWord = true
		o.visible = append(o.visible, c)
		if c != 0 {
			o.letters = append(o.letters, c)
		}
	}
	end()
	return o
}

// readOrder reads an order of a text, and reports whether to go on.
type readOrder func(name string, letters []uint8) bool

// everyNthWord reads every third to sixth word, since pairs of words at a shorter distance are seen anyway.
func (o *ordered) everyNthWord(read readOrder) bool {
	for n := 3; n <= 6; n++ {
		for offset := 0; offset < n && len(o.words) > 5*n; offset++ {
			o.out = o.out[:0]
			for i := offset; i < len(o.words); i += n {
				o.out = append(o.out, o.words[i]...)
			}
			if !read("every nth word", o.out) {
				return false
			}
		}
	}
	return true
}

// The most columns and rails that a text is read in.
const (
	maxColumns = 12
	maxRails   = 8
)

// wordColumns reads the words in 2 to maxColumns columns, or in as many rows, from top to bottom.
func (o *ordered) wordColumns(read readOrder) bool {
	for n := 2; n <= maxColumns; n++ {
		for _, width := range [2]int{n, (len(o.words) + n - 1) / n} {
			o.out = o.out[:0]
			for c := range width {
				for i := c; i < len(o.words); i += width {
					o.out = append(o.out, o.words[i]...)
				}
			}
			if !read("columns", o.out) {
				return false
			}
		}
	}
	return true
}

// columns reads the characters, with and without white space, and the letters alone in 2 to maxColumns columns, or in
// as many rows, from top to bottom.
func (o *ordered) columns(read readOrder) bool {
	for _, form := range [3][]uint8{o.all, o.visible, o.letters} {
		for n := 2; n <= maxColumns; n++ {
			for _, width := range [2]int{n, (len(form) + n - 1) / n} {
				o.out = o.out[:0]
				for c := range width {
					for i := c; i < len(form); i += width {
						o.out = append(o.out, form[i])
					}
				}
				if !read("columns", o.compact()) {
					return false
				}
			}
		}
	}
	return true
}

// railFence reads the same as if written along 2 to maxRails rails.
func (o *ordered) railFence(read readOrder) bool {
	for _, form := range [3][]uint8{o.all, o.visible, o.letters} {
		for rails := 2; rails <= maxRails; rails++ {
			o.alongRails(form, rails)
			if !read("rail fence", o.compact()) {
				return false
			}
		}
	}
	return true
}

// maxBlock is the length of the longest block that is read backwards.
const maxBlock = 12

// blocksBackwards reads blocks of 3 to maxBlock letters backwards each, since pairs are read by a decoder.
func (o *ordered) blocksBackwards(read readOrder) bool {
	for _, form := range [2][]uint8{o.all, o.letters} {
		for n := 3; n <= maxBlock; n++ {
			o.out = o.out[:0]
			for from := 0; from < len(form); from += n {
				for i := min(from+n, len(form)) - 1; i >= from; i-- {
					o.out = append(o.out, form[i])
				}
			}
			if !read("blocks backwards", o.compact()) {
				return false
			}
		}
	}
	return true
}

// alongRails puts form, which was written along rails, in its original order.
func (o *ordered) alongRails(form []uint8, rails int) {
	o.out = o.out[:len(form)]
	from, period := 0, 2*rails-2
	for rail := range rails {
		down, up := period-2*rail, 2*rail // distances to the next character on the rail, alternating
		if down == 0 {
			down, up = up, down
		}
		for to := rail; to < len(form); from++ {
			o.out[to] = form[from]
			if to += down; up != 0 {
				down, up = up, down
			}
		}
	}
}

// compact returns the letters that are in order.
func (o *ordered) compact() []uint8 {
	n := 0
	for _, c := range o.out {
		o.out[n] = c
		if c != 0 {
			n++
		}
	}
	return o.out[:n]
}
