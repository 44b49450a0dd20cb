// Package language tells words of natural language, names of code and ordinary symbols apart from text that is not
// meant to be read: encoded data, ciphers, digits in long rows. It judges one word at a time, by the pairs of its
// letters, and is trained on sentences of sixteen European languages. Words of other scripts are always taken for
// language.
package language

import (
	_ "embed"
	"math"
	"strings"

	"github.com/adiuva/cloud-api/internal/sanitize/fold"
)

//go:embed sample.txt
var sample string

// stopWords are frequent words of English, Italian, German, French, Spanish, Portuguese and Dutch.
const stopWords = "the to of and in is on for with that this you your it are was have has be at as by or " +
	"we can will not no from an my if do so they there which what when all but been also only any out her him his " +
	"il lo la le gli un una di che per con non sono del della nel alla si ho ha da al dei " +
	"der die das und ist ein eine zu den dem des mit fur auf von ich nicht sie es im sind wird hat haben wurde " +
	"les une des et est pour dans que qui avec sur pas vous ce au du ont ete je en " +
	"el los las por con para del se su al mas como hay " +
	"os um uma do da em nao na dos de het een van voor zijn dat te niet er op"

// frequentWords are other words of English that are in most texts, and the first parts of "don't" and its like.
const frequentWords = "" +
	"a i am being before after again although always another anyone anything around away back because behind " +
	"below between both cannot could did does done down during each either else enough even ever every " +
	"everyone everything few first further get gets give given go goes going gone got had half having he " +
	"here hers how however instead into its itself just keep last later least less let like likely made make " +
	"makes many may maybe me might mine more most much must near need needs neither never new next nobody " +
	"none nor nothing now off often old once one onto other others otherwise our ours over own part perhaps " +
	"put quite rather said same say says second see seem seems several shall she should since some someone " +
	"something soon still such take takes taken than their theirs them themselves then these thing things " +
	"third those though three through till time times together too toward two under unless until up upon us " +
	"use used very want wants way well were whatever where whether while who whole whom whose why within " +
	"without would yes yet yours yourself don doesn didn isn aren wasn won wouldn couldn shouldn haven hasn " +
	"re ve ll about ten six"

// dataWords are frequent words of schemas and other data.
const dataWords = "type types object objects array string integer number boolean null properties property items item " +
	"required enum format description title name names schema default minimum maximum length value values true false " +
	"additional date time id ids"

// spelling has the words by which letters are spelled over the telephone, in English, German and Italian.
const spelling = "" +
	"alfa alpha bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike november " +
	"oscar papa quebec romeo sierra tango uniform victor whiskey whisky xray yankee zulu " +
	"anton berta casar dora emil friedrich gustav heinrich ida julius kaufmann konrad ludwig martha nordpol otto " +
	"paula quelle richard samuel siegfried theodor ulrich viktor wilhelm xanthippe ypsilon zacharias " +
	"ancona bologna como domodossola empoli firenze genova imola livorno milano napoli otranto palermo quarto roma " +
	"savona torino udine venezia zara"

// Kind is what a word looks like.
type Kind uint8

// Kinds, from the least to the most natural.
const (
	Odd    Kind = iota // not a word of a language
	Short              // too short to tell
	Likely             // like a word
	Sure               // a stop word of three letters or more, or a word of common letter pairs
)

// The least mean score of a letter pair of a word, in thousandths of a bit.
const (
	likelyScore = -4900
	sureScore   = -4300
)

// longestWord is how many letters a word may have.
const longestWord = 28

// Words judges words. It is immutable and safe for concurrent use.
type Words struct {
	// scores has log2 of the frequency with which one letter follows another, in thousandths; 0 is a word's end.
	scores   [27][27]int32
	stop     map[uint64]bool
	frequent map[uint64]bool
	spelling map[uint64]bool
	data     map[uint64]bool
}

// New returns a Words.
func New(t *fold.Table) *Words {
	set := func(list string) map[uint64]bool {
		words := map[uint64]bool{}
		for _, s := range strings.Fields(list) {
			words[pack(t.Letters(s))] = true
		}
		return words
	}
	w := &Words{stop: set(stopWords), frequent: set(frequentWords), spelling: set(spelling), data: set(dataWords)}
	var count [27][27]float64
	var total [27]float64
	last := uint8(0)
	for _, r := range sample {
		code := t.Code(r)
		if code == 0 && last == 0 {
			continue
		}
		count[last][code]++
		total[last]++
		last = code
	}
	for a := range count {
		for b := range count[a] {
			w.scores[a][b] = int32(math.Round(1000 * math.Log2((count[a][b]+0.3)/(total[a]+8))))
		}
	}
	return w
}

// hasVowel reports whether a word has a, e, i, o, u or y.
func hasVowel(letters []uint8) bool {
	for _, c := range letters {
		if c == 25 || fold.IsVowel(c) {
			return true
		}
	}
	return false
}

func pack(letters []uint8) (p uint64) {
	for _, c := range letters {
		p = p<<5 | uint64(c)
	}
	return p
}

// Kind judges a word of letters from a to z.
func (w *Words) Kind(letters []uint8) Kind {
	n := len(letters)
	switch {
	case n <= 4 && w.stop[pack(letters)]:
		if n >= 3 {
			return Sure
		}
		return Likely
	case n < 4:
		return Short
	case !hasVowel(letters):
		return Odd
	case n > longestWord:
		return Odd
	}
	if n <= 11 && w.spelling[pack(letters)] {
		return Short
	}
	mean := w.Score(letters)
	switch {
	case mean < likelyScore:
		return Odd
	case n >= 5 && mean >= sureScore:
		return Sure
	}
	return Likely
}

// IsStopWord reports whether a word is a frequent one.
func (w *Words) IsStopWord(letters []uint8) bool { return len(letters) <= 6 && w.stop[pack(letters)] }

// IsCommon reports whether a word is a frequent one, or a frequent word of data.
func (w *Words) IsCommon(letters []uint8) bool {
	return w.IsStopWord(letters) || len(letters) <= 12 && w.data[pack(letters)]
}

// IsFrequent reports whether a word is in most texts, though it is not a stop word.
func (w *Words) IsFrequent(letters []uint8) bool {
	return len(letters) <= 12 && w.frequent[pack(letters)]
}

// Score returns the mean score of the letter pairs of a word, in thousandths of a bit.
func (w *Words) Score(letters []uint8) int {
	sum, last := 0, uint8(0)
	for _, c := range letters {
		sum += int(w.scores[last][c])
		last = c
	}
	return (sum + int(w.scores[last][0])) / (len(letters) + 1)
}
