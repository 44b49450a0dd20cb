package dates

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// language selects a column of a table of names.
type language int

const (
	english language = iota
	german
	italian
	french
	spanish
	portuguese
	dutch
	shortForm // forms read only where the whole text is a date: in a sentence "2 set" need not mean September
	columns
)

// inSentences are the languages that the Find functions read.
var inSentences = []language{english, german, italian, french, spanish, portuguese, dutch}

// inDates are the columns that Parse reads.
var inDates = append(slices.Clone(inSentences), shortForm)

// names maps words, separated by spaces in each column, to a number. All words are in lower case. Words that are often
// typed without their accents are there twice.
type names []name

type name struct {
	value int
	words [columns]string
}

var months = names{
	{1, [columns]string{"january jan", "januar", "gennaio", "janvier", "enero", "janeiro", "januari",
		"jänner gen janv ene"}},
	{2, [columns]string{"february feb", "februar", "febbraio", "février fevrier", "febrero", "fevereiro", "februari",
		"févr fevr fev"}},
	{3, [columns]string{"march mar", "märz", "marzo", "mars", "marzo", "março marco", "maart", "mär maerz mrz mrt"}},
	{4, [columns]string{"april apr", "april", "aprile", "avril", "abril", "abril", "april", "avr abr"}},
	{5, [columns]string{"may", "mai", "maggio", "mai", "mayo", "maio", "mei", "mag"}},
	{6, [columns]string{"june jun", "juni", "giugno", "juin", "junio", "junho", "juni", "giu"}},
	{7, [columns]string{"july jul", "juli", "luglio", "juillet", "julio", "julho", "juli", "lug juil"}},
	{8, [columns]string{"august aug", "august", "agosto", "août aout", "agosto", "agosto", "augustus", "ago"}},
	{9, [columns]string{"september sept sep", "september", "settembre", "septembre", "septiembre setiembre",
		"setembro", "september", "set"}},
	{10, [columns]string{"october oct", "oktober", "ottobre", "octobre", "octubre", "outubro", "oktober",
		"okt ott out"}},
	{11, [columns]string{"november nov", "november", "novembre", "novembre", "noviembre", "novembro", "november",
		""}},
	{12, [columns]string{"december dec", "dezember", "dicembre", "décembre decembre", "diciembre", "dezembro",
		"december", "dez dic déc"}},
}

// weekdays counts from Sunday, as time.Weekday does.
var weekdays = names{
	{0, [columns]string{"sunday", "sonntag", "domenica", "dimanche", "domingo", "domingo", "zondag", "sun"}},
	{1, [columns]string{"monday", "montag", "lunedì lunedi", "lundi", "lunes", "segunda-feira", "maandag",
		"mon segunda"}},
	{2, [columns]string{"tuesday", "dienstag", "martedì martedi", "mardi", "martes", "terça-feira terca-feira",
		"dinsdag", "tue tues terça terca"}},
	{3, [columns]string{"wednesday", "mittwoch", "mercoledì mercoledi", "mercredi", "miércoles miercoles",
		"quarta-feira", "woensdag", "wed quarta"}},
	{4, [columns]string{"thursday", "donnerstag", "giovedì giovedi", "jeudi", "jueves", "quinta-feira", "donderdag",
		"thu thur thurs quinta"}},
	{5, [columns]string{"friday", "freitag", "venerdì venerdi", "vendredi", "viernes", "sexta-feira", "vrijdag",
		"fri sexta"}},
	{6, [columns]string{"saturday", "samstag sonnabend", "sabato", "samedi", "sábado sabado", "sábado sabado",
		"zaterdag", "sat"}},
}

// relativeDays counts from today. "hier" is here in German, so it is yesterday only where it is the whole text.
var relativeDays = names{
	{-1, [columns]string{"yesterday", "gestern", "ieri", "", "ayer", "ontem", "gisteren", "hier"}},
	{0, [columns]string{"today", "heute", "oggi", "aujourd'hui aujourd’hui", "hoy", "hoje", "vandaag", ""}},
	{1, [columns]string{"tomorrow", "morgen", "domani", "demain", "mañana manana", "amanhã amanha", "morgen", ""}},
}

var smallNumbers = names{
	{1, [columns]string{"a an one", "einem einer", "un una", "un une", "un una", "um uma", "een één"}},
	{2, [columns]string{"two", "zwei", "due", "deux", "dos", "dois duas", "twee"}},
	{3, [columns]string{"three", "drei", "tre", "trois", "tres", "três tres", "drie"}},
	{4, [columns]string{"four", "vier", "quattro", "quatre", "cuatro", "quatro", "vier"}},
	{5, [columns]string{"five", "fünf", "cinque", "cinq", "cinco", "cinco", "vijf"}},
	{6, [columns]string{"six", "sechs", "sei", "six", "seis", "seis", "zes"}},
	{7, [columns]string{"seven", "sieben", "sette", "sept", "siete", "sete", "zeven"}},
	{8, [columns]string{"eight", "acht", "otto", "huit", "ocho", "oito", "acht"}},
	{9, [columns]string{"nine", "neun", "nove", "neuf", "nueve", "nove", "negen"}},
	{10, [columns]string{"ten", "zehn", "dieci", "dix", "diez", "dez", "tien"}},
}

// lookup returns the number that the word means in one of the languages.
func (n names) lookup(word string, languages ...language) (int, bool) {
	for _, name := range n {
		for _, l := range languages {
			if slices.Contains(strings.Fields(name.words[l]), word) {
				return name.value, true
			}
		}
	}
	return 0, false
}

// pattern returns the alternatives of a regular expression that match the words of the languages.
func (n names) pattern(languages ...language) string {
	var words []string
	for _, name := range n {
		for _, l := range languages {
			for _, word := range strings.Fields(name.words[l]) {
				words = append(words, regexp.QuoteMeta(word))
			}
		}
	}
	return strings.Join(words, "|")
}

// word returns the alternatives for one number, each as a whole word. RE2's \b knows ASCII letters only, so that a word
// may end in "ã" where other letters follow.
func (n names) word(value int) string {
	i := slices.IndexFunc(n, func(name name) bool { return name.value == value })
	words := strings.Split(n[i:i+1].pattern(inSentences...), "|")
	for i, word := range words {
		words[i] = `\b` + word
		if word[len(word)-1] < utf8.RuneSelf {
			words[i] += `\b`
		}
	}
	return strings.Join(words, "|")
}
