package leaktest

import (
	"fmt"
	"slices"
	"strings"
)

// boustrophedon writes lines of 40 characters and every second one backwards.
func boustrophedon(s string) string {
	lines := cut(strings.Join(strings.Fields(s), " "), 40)
	for i := 1; i < len(lines); i += 2 {
		lines[i] = reversed(lines[i])
	}
	return strings.Join(lines, "\n")
}

// downwards writes the words in five columns, to be read from top to bottom, the left column first.
func downwards(s string) string {
	words := strings.Fields(s)
	rows := (len(words) + 4) / 5
	var lines []string
	for row := range rows {
		var cells []string
		for at := row; at < len(words); at += rows {
			cells = append(cells, words[at])
		}
		lines = append(lines, strings.Join(cells, "\t"))
	}
	return strings.Join(lines, "\n")
}

// swapLetters swaps the first and second, the third and fourth character and so on.
func swapLetters(s string) string {
	r := []rune(s)
	for i := 0; i+1 < len(r); i += 2 {
		r[i], r[i+1] = r[i+1], r[i]
	}
	return string(r)
}

// halves writes the first word of each half of s, then the second of each and so on.
func halves(s string) string {
	words := strings.Fields(s)
	middle := (len(words) + 1) / 2
	return strings.Join(alternate(words[:middle], words[middle:]), " ")
}

// oddThenEven writes every second character and then the ones left out.
func oddThenEven(s string) string {
	var odd, even []rune
	for i, r := range []rune(s) {
		if i%2 == 0 {
			odd = append(odd, r)
		} else {
			even = append(even, r)
		}
	}
	return string(odd) + "\n" + string(even)
}

// lastLetters writes a word for each letter, which ends with that letter.
func lastLetters(s string) string {
	words := strings.Fields("pizza banana sofa club lamb crib music topic basic bread wind cloud table bridge apple " +
		"leaf roof chef morning dog ring beach fish lunch taxi ski broccoli hajj raj taj desk milk book " +
		"hotel wool nail farm dream broom train onion spoon piano radio photo lamp soup ship Iraq souq talaq " +
		"river paper sugar bus grass glass boat street carrot menu bayou tofu Kyiv Slav rev window snow yellow " +
		"box fox relax city honey story quiz jazz waltz")
	random := newFiller(44).random
	return spell(s, func(i int) string { return words[3*i+random.IntN(3)] }, " ", "\n")
}

// twoSentences writes the words of two sentences alternately, then those of the next two.
func twoSentences(s string) string {
	var lines []string
	for pair := range slices.Chunk(sentences(s), 2) {
		if len(pair) == 1 {
			lines = append(lines, pair[0])
			continue
		}
		a, b := strings.Fields(pair[0]), strings.Fields(pair[1])
		line := alternate(a, b)
		if len(b) > len(a) {
			line = append(line, b[len(a):]...)
		}
		lines = append(lines, strings.Join(line, " "))
	}
	return strings.Join(lines, "\n")
}

// sortedWithPlaces writes the words in alphabetical order, each with its place in s.
func sortedWithPlaces(s string) string {
	words := strings.Fields(s)
	places := make([]int, len(words))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(a, b int) int { return strings.Compare(words[a], words[b]) })
	var out []string
	for _, at := range places {
		out = append(out, fmt.Sprintf("%s=%d", words[at], at+1))
	}
	return strings.Join(out, ", ")
}

func unlistedOrders() []Transform {
	return []Transform{
		inStream("U037", "letters of each word backwards", perWord(func(_ int, word string) string {
			return reversed(word)
		})),
		inStream("U038", "sentences from last to first", func(s string) string {
			all := sentences(s)
			slices.Reverse(all)
			return strings.Join(all, " ")
		}),
		inStream("U039", "every second line backwards", boustrophedon),
		wholeAnswer("U040", "words in five columns, read downwards", downwards),
		inStream("U041", "neighbouring letters swapped", swapLetters),
		inStream("U042", "words of both halves in turn", halves),
		wholeAnswer("U043", "every second letter, then the rest", oddThenEven),
		wholeAnswer("U044", "last letters of words", lastLetters),
		inStream("U045", "words of two sentences in turn", twoSentences),
		inStream("U046", "first letter of each word at its end", perWord(func(_ int, word string) string {
			r := []rune(word)
			return string(r[1:]) + string(r[:1])
		})),
		wholeAnswer("U047", "words in alphabetical order with places", sortedWithPlaces),
	}
}
