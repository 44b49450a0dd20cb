package dates

import (
	"regexp"
	"slices"
	"strings"
)

// language selects a column of a table of names.
type language int

const (
	english language = iota
	german
	italian
	shortForm // forms read only where the whole text is a date: in a sentence "2 set" need not mean September
)

// names maps words, separated by spaces in each column, to a number. All words are in lower case.
type names []struct {
	value int
	words [4]string
}

var months = names{
	{1, [4]string{"january jan", "januar", "gennaio", "jänner gen"}},
	{2, [4]string{"february feb", "februar", "febbraio", ""}},
	{3, [4]string{"march mar", "märz", "marzo", "mär maerz mrz"}},
	{4, [4]string{"april apr", "april", "aprile", ""}},
	{5, [4]string{"may", "mai", "maggio", "mag"}},
	{6, [4]string{"june jun", "juni", "giugno", "giu"}},
	{7, [4]string{"july jul", "juli", "luglio", "lug"}},
	{8, [4]string{"august aug", "august", "agosto", "ago"}},
	{9, [4]string{"september sept sep", "september", "settembre", "set"}},
	{10, [4]string{"october oct", "oktober", "ottobre", "okt ott"}},
	{11, [4]string{"november nov", "november", "novembre", ""}},
	{12, [4]string{"december dec", "dezember", "dicembre", "dez dic"}},
}

// weekdays counts from Sunday, as time.Weekday does. Italian ones are often typed without the accent.
var weekdays = names{
	{0, [4]string{"sunday", "sonntag", "domenica"}},
	{1, [4]string{"monday", "montag", "lunedì lunedi"}},
	{2, [4]string{"tuesday", "dienstag", "martedì martedi"}},
	{3, [4]string{"wednesday", "mittwoch", "mercoledì mercoledi"}},
	{4, [4]string{"thursday", "donnerstag", "giovedì giovedi"}},
	{5, [4]string{"friday", "freitag", "venerdì venerdi"}},
	{6, [4]string{"saturday", "samstag", "sabato"}},
}

var relativeDays = names{
	{-1, [4]string{"yesterday", "gestern", "ieri"}},
	{0, [4]string{"today", "heute", "oggi"}},
	{1, [4]string{"tomorrow", "morgen", "domani"}},
}

var smallNumbers = names{
	{1, [4]string{"a an one", "einem einer", "un una"}},
	{2, [4]string{"two", "zwei", "due"}},
	{3, [4]string{"three", "drei", "tre"}},
	{4, [4]string{"four"}},
	{5, [4]string{"five"}},
	{6, [4]string{"six"}},
	{7, [4]string{"seven"}},
	{10, [4]string{"ten"}},
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

// word returns the alternatives for one number.
func (n names) word(value int) string {
	for _, name := range n {
		if name.value == value {
			return names{name}.pattern(english, german, italian)
		}
	}
	return ""
}
