package sanitize

import (
	_ "embed"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

//go:embed prose.txt
var proseSample string

// proseModel tells natural language from what is not by its pairs of letters and its small words.
type proseModel struct {
	fold  *folding
	class [256]uint8    // of bytes
	pair  [32][32]int32 // logarithms of how often one letter follows another, in units of 1/scoreUnit
	small [512]uint32   // the small words by smallPlace, as their letters, five bits each
}

const smallWords = "a i the to of and in is on for with that this you your it are was have has be at as by or we can will not no from an my if do so they there which what when all but been also only " +
	"il lo la le gli un una di che e è per con non sono del della nel alla si ho ha da al dei " +
	"der die das und ist ein eine zu den dem des mit für auf von ich nicht sie es im sind wird hat haben wurde " +
	"les une des et est pour dans que qui avec sur pas vous ce au du ont été je en " +
	"el los las y es por con para del se su al más como hay " +
	"os um uma do da em não no na dos o de het een van voor zijn dat te niet er op"

func newProseModel(fold *folding) *proseModel {
	m := &proseModel{fold: fold, class: classes(fold)}
	for _, w := range strings.Fields(smallWords) {
		m.learnSmall(fold.letters(w))
	}
	var count [27][27]float64
	var total [27]float64
	last := byte(0)
	for _, r := range proseSample {
		code := fold.rune(r)
		if code == 0 && last == 0 {
			continue
		}
		count[last][code]++
		total[last]++
		last = code
	}
	for a := range count {
		for b := range count[a] {
			m.pair[a][b] = int32(math.Round(scoreUnit * math.Log2((count[a][b]+0.3)/(total[a]+8))))
		}
	}
	return m
}

// proseBelow is the mean score of a pair of letters, in units of 1/scoreUnit, under which text is not taken for natural language; with two small
// words and more it is proseBelowSmall.
const (
	scoreUnit       = 1000
	proseBelow      = -4200
	proseBelowSmall = -4300
)

// shape is what a text is made of, so that costly views are taken only where they can apply.
type shape struct {
	digits, invisible, escapes, braces, longest, visible int
	wide                                                 int // characters of other scripts, and pictures
	prose                                                bool
}

func shapeOf(text string) (s shape) {
	run, spaces, letters := 0, 0, 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= 0xC4 {
			s.wide++
		}
		if c >= 0xC0 {
			if r, _ := utf8.DecodeRuneInString(text[i:]); unicode.Is(unicode.Cf, r) || r == 0x3164 || r == 0x115F || r >= 0xE0000 {
				s.invisible++
			}
		}
		switch {
		case c == ' ' || c == '\n' || c == '\t':
			spaces++
			run = -1
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			letters++
		case c >= '0' && c <= '9':
			s.digits++
		case c == '\\' || c == '%' || c == '=' || c == '&' || c == '+':
			s.escapes++
		case c == '{' || c == '[':
			s.braces++
		}
		run++
		s.longest = max(s.longest, run)
	}
	s.visible = len(text) - spaces
	return s
}

// mostly reports whether at least six in seven samples of text look like natural language.
func (m *proseModel) mostly(text string) bool {
	seen, good := 0, 0
	for i := 0; i+proseTail <= len(text) || i == 0; i += 2 * proseTail {
		seen++
		good += btoi(m.prose([]byte(text[i:min(len(text), i+proseTail)])))
	}
	return good*7 >= seen*6
}
