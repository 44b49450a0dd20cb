package dates

import (
	"regexp"
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
	shortForm // words read only where the whole text is a date: in a sentence "2 set" need not mean September
)

// spoken returns the languages whose words are read in sentences.
func spoken() []language {
	return []language{english, german, italian, french, spanish, portuguese, dutch}
}

// written returns the columns that are read where the whole text is a date.
func written() []language { return append(spoken(), shortForm) }

// names maps words, separated by spaces in each column, to a number. All words are in lower case. Accents are often
// left out.
type names []struct {
	value int
	words [8]string
}

var months = names{
	{1, [8]string{"january jan", "januar", "gennaio", "janvier", "enero", "janeiro", "januari", "jänner gen ene"}},
	{2, [8]string{"february feb", "februar", "febbraio", "février fevrier",
		"febrero", "fevereiro", "februari", "fév fev"}},
	{3, [8]string{"march mar", "märz", "marzo", "mars", "marzo", "março", "maart", "mär maerz mrz marco mrt"}},
	{4, [8]string{"april apr", "april", "aprile", "avril", "abril", "abril", "april", "avr abr"}},
	{5, [8]string{"may", "mai", "maggio", "mai", "mayo", "maio", "mei", "mag"}},
	{6, [8]string{"june jun", "juni", "giugno", "juin", "junio", "junho", "juni", "giu"}},
	{7, [8]string{"july jul", "juli", "luglio", "juillet", "julio", "julho", "juli", "lug"}},
	{8, [8]string{"august aug", "august", "agosto", "août aout", "agosto", "agosto", "augustus", "ago"}},
	{9, [8]string{"september sept sep", "september", "settembre", "septembre",
		"septiembre setiembre", "setembro", "september", "set"}},
	{10, [8]string{"october oct", "oktober", "ottobre", "octobre", "octubre", "outubro", "oktober", "okt ott out"}},
	{11, [8]string{"november nov", "november", "novembre", "novembre", "noviembre", "novembro", "november"}},
	{12, [8]string{"december dec", "dezember", "dicembre", "décembre decembre",
		"diciembre", "dezembro", "december", "dez dic déc"}},
}

// weekdays counts from Sunday, as time.Weekday does.
var weekdays = names{
	{0, [8]string{"sunday", "sonntag", "domenica", "dimanche", "domingo", "domingo", "zondag"}},
	{1, [8]string{"monday", "montag", "lunedì lunedi", "lundi", "lunes", "segunda-feira", "maandag", "segunda"}},
	{2, [8]string{"tuesday", "dienstag", "martedì martedi", "mardi",
		"martes", "terça-feira terca-feira", "dinsdag", "terça terca"}},
	{3, [8]string{"wednesday", "mittwoch", "mercoledì mercoledi", "mercredi",
		"miércoles miercoles", "quarta-feira", "woensdag", "quarta"}},
	{4, [8]string{"thursday", "donnerstag", "giovedì giovedi", "jeudi",
		"jueves", "quinta-feira", "donderdag", "quinta"}},
	{5, [8]string{"friday", "freitag", "venerdì venerdi", "vendredi", "viernes", "sexta-feira", "vrijdag", "sexta"}},
	{6, [8]string{"saturday", "samstag sonnabend", "sabato", "samedi", "sábado sabado", "sábado sabado", "zaterdag"}},
}

// relativeDays are counted from today. French "hier" is "here" in German sentences.
var relativeDays = names{
	{-1, [8]string{"yesterday", "gestern", "ieri", "", "ayer", "ontem", "gisteren", "hier"}},
	{0, [8]string{"today", "heute", "oggi", "aujourd'hui aujourd’hui", "hoy", "hoje", "vandaag"}},
	{1, [8]string{"tomorrow", "morgen", "domani", "demain", "mañana manana", "amanhã amanha", "morgen"}},
}

var smallNumbers = names{
	{1, [8]string{"a an one", "einem einer", "un una", "un une", "un una", "um uma", "een"}},
	{2, [8]string{"two", "zwei", "due", "deux", "dos", "dois duas", "twee"}},
	{3, [8]string{"three", "drei", "tre", "trois", "tres", "três tres", "drie"}},
	{4, [8]string{"four", "vier", "quattro", "quatre", "cuatro", "quatro", "vier"}},
	{5, [8]string{"five", "fünf", "cinque", "cinq", "cinco", "cinco", "vijf"}},
	{6, [8]string{"six", "sechs", "sei", "six", "seis", "seis", "zes"}},
	{7, [8]string{"seven", "sieben", "sette", "sept", "siete", "sete", "zeven"}},
	{10, [8]string{"ten", "zehn", "dieci", "dix", "diez", "dez", "tien"}},
}

// index returns the numbers by their words in the languages.
func (n names) index(languages ...language) map[string]int {
	byWord := map[string]int{}
	for _, name := range n {
		for _, l := range languages {
			for _, word := range strings.Fields(name.words[l]) {
				byWord[word] = name.value
			}
		}
	}
	return byWord
}

// The words in all languages; written ones include short forms.
var (
	spokenMonths    = months.index(spoken()...)
	writtenMonths   = months.index(written()...)
	spokenWeekdays  = weekdays.index(spoken()...)
	writtenWeekdays = weekdays.index(written()...)
	spokenDays      = relativeDays.index(spoken()...)
	writtenDays     = relativeDays.index(written()...)
	spokenNumbers   = smallNumbers.index(spoken()...)
)

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

// word returns the alternatives for one number in the languages of sentences.
func (n names) word(value int) string {
	for _, name := range n {
		if name.value == value {
			return names{name}.pattern(spoken()...)
		}
	}
	return ""
}

// wholeWords returns the alternatives of word, each between the boundaries of a word. A boundary is one of letters
// without accents only, so there is none after "amanhã".
func (n names) wholeWords(value int) string {
	var words []string
	for _, word := range strings.Split(n.word(value), "|") {
		if last := word[len(word)-1]; last < utf8.RuneSelf {
			word += `\b`
		}
		words = append(words, word)
	}
	return `\b(?:` + strings.Join(words, "|") + `)`
}
