package leaktest

import (
	_ "embed"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"time"
)

// formsFile has forms for answers. The first line of a form is "rows MIN MAX". Consecutive lines that begin with "~"
// are repeated, without that sign, as often as the answer has rows. For the {names} see formFiller.fill and
// formFiller.value.
//
//go:embed testdata/forms.txt
var formsFile string

// wordsFile has the words for the forms: a name, a colon, and words separated by "|".
//
//go:embed testdata/words.txt
var wordsFile string

var placeholder = regexp.MustCompile(`\{\w+\}`)

// generated returns answersPerForm answers from each form. They are the same in every run.
func generated() []string {
	const answersPerForm = 4
	words := formWords()
	var out []string
	for i, form := range split(formsFile) {
		for n := range answersPerForm {
			out = append(out, newFormFiller(words, rand.New(rand.NewPCG(uint64(i), uint64(n)))).answer(form))
		}
	}
	return out
}

// formWords returns the words by their name.
func formWords() map[string][]string {
	out := map[string][]string{}
	for line := range strings.Lines(wordsFile) {
		if name, list, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			out[name] = strings.Split(list, "|")
		}
	}
	return out
}

// formFiller fills one form.
type formFiller struct {
	words  map[string][]string
	random *rand.Rand
	start  time.Time         // the day and time of the first row
	step   time.Duration     // from row to row
	rest   map[string][]int  // for each name the words that were not used yet, in random order
	own    map[string]string // the words of the names that begin with my_
}

// newFormFiller returns a formFiller whose rows begin at a random time.
func newFormFiller(words map[string][]string, random *rand.Rand) *formFiller {
	return &formFiller{
		words: words, random: random, rest: map[string][]int{}, own: map[string]string{},
		start: time.Date(2026, time.April, 1+random.IntN(90), 7+random.IntN(3), 15*random.IntN(4), 0, 0, time.UTC),
		step:  time.Duration(3+random.IntN(4)) * 5 * time.Minute,
	}
}

// answer returns the form with its rows and words.
func (f *formFiller) answer(form string) string {
	head, body, _ := strings.Cut(form, "\n")
	var least, most int
	if _, err := fmt.Sscanf(head, "rows %d %d", &least, &most); err != nil {
		panic(fmt.Sprintf("form %.40q: %v", form, err))
	}
	rows := least + f.random.IntN(most-least+1)
	var out, block []string
	flush := func() {
		for row := range rows {
			for _, line := range block {
				out = append(out, f.fill(line, row))
			}
		}
		block = nil
	}
	for _, line := range strings.Split(body, "\n") {
		if repeated, ok := strings.CutPrefix(line, "~"); ok {
			block = append(block, repeated)
			continue
		}
		if block != nil {
			flush()
		}
		out = append(out, f.fill(line, 0))
	}
	if block != nil {
		flush()
	}
	return strings.Join(out, "\n")
}

// fill replaces the placeholders of a line of the given row. A name that begins with my_ stands for the same word in
// the whole answer, any other for the next one. A name in capitals, or with a capital, gives such a word.
func (f *formFiller) fill(line string, row int) string {
	return placeholder.ReplaceAllStringFunc(line, func(p string) string {
		name := strings.Trim(p, "{}")
		if text, ok := f.value(name, row); ok {
			return text
		}
		key, mine := strings.CutPrefix(strings.ToLower(name), "my_")
		if f.words[key] == nil {
			return p
		}
		word := f.own[key]
		if !mine {
			word = f.next(key)
		} else if word == "" {
			word = f.next(key)
			f.own[key] = word
		}
		switch {
		case name == strings.ToUpper(name):
			return strings.ToUpper(word)
		case name != strings.ToLower(name):
			return strings.ToUpper(word[:1]) + word[1:]
		}
		return word
	})
}

// value returns the number, date, time or id that name stands for.
func (f *formFiller) value(name string, row int) (string, bool) {
	day := f.start.AddDate(0, 0, row)
	switch name {
	case "n":
		return fmt.Sprint(row + 1), true
	case "num":
		return fmt.Sprint(1 + f.random.IntN(60)), true
	case "big":
		return fmt.Sprint(100 + f.random.IntN(9000)), true
	case "sum":
		return fmt.Sprintf("%d.%02d", 20+f.random.IntN(900), f.random.IntN(100)), true
	case "eur":
		return fmt.Sprintf("%d.%03d,%02d", 1+f.random.IntN(9), f.random.IntN(1000), f.random.IntN(100)), true
	case "date":
		return day.Format("2 January"), true
	case "iso":
		return day.Format(time.DateOnly), true
	case "today":
		return f.start.Format(time.DateOnly), true
	case "day2":
		return fmt.Sprintf("%2d", 1+row%30), true
	case "time":
		return f.start.Add(time.Duration(row) * f.step).Format("15:04"), true
	case "clock":
		seconds := 37*row + f.random.IntN(30)
		return f.start.Add(time.Duration(seconds) * time.Second).Format(time.TimeOnly), true
	case "hex7":
		return f.hex(4)[:7], true
	case "hex":
		return f.hex(6), true
	case "id":
		return f.hex(4) + "-" + f.hex(2) + "-4" + f.hex(2)[1:] + "-a" + f.hex(2)[1:] + "-" + f.hex(6), true
	}
	return "", false
}

// hex returns n random bytes as hex digits.
func (f *formFiller) hex(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(f.random.Uint32())
	}
	return hex.EncodeToString(b)
}

// next returns the next of the words called name, in a random order, and begins again when all have been used.
func (f *formFiller) next(name string) string {
	if len(f.rest[name]) == 0 {
		f.rest[name] = f.random.Perm(len(f.words[name]))
	}
	i := f.rest[name][0]
	f.rest[name] = f.rest[name][1:]
	return f.words[name][i]
}
