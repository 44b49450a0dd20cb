// Held out: developers of the leak filter do not read this file before the filter is finished, so that its disguises
// measure how the filter does on ones that nobody had in mind.

package leaktest

import (
	"fmt"
	"slices"
	"strings"
)

// reversedWords returns the words of s from the last to the first.
func reversedWords(s string) string {
	words := strings.Fields(s)
	slices.Reverse(words)
	return strings.Join(words, " ")
}

// columns writes s in rows of nine characters and reads them from top to bottom, the left column first.
func columns(s string) string {
	var out strings.Builder
	text := []rune(strings.Join(strings.Fields(s), " "))
	for column := range 9 {
		for at := column; at < len(text); at += 9 {
			out.WriteRune(text[at])
		}
	}
	return out.String()
}

// turningWords writes lines of five words and every second line from its last word to its first.
func turningWords(s string) string {
	lines := groups(strings.Fields(s), 5)
	for i := 1; i < len(lines); i += 2 {
		lines[i] = reversedWords(lines[i])
	}
	return strings.Join(lines, "\n")
}

// oddWordsFirst writes every second word and then the ones left out.
func oddWordsFirst(s string) string {
	var odd, even []string
	for i, word := range strings.Fields(s) {
		if i%2 == 0 {
			odd = append(odd, word)
		} else {
			even = append(even, word)
		}
	}
	return strings.Join(odd, " ") + " " + strings.Join(even, " ")
}

// dealt writes four lines: the first has the first, fifth, ninth character and so on.
func dealt(s string) string {
	var lines [4]strings.Builder
	for i, r := range []rune(strings.Join(strings.Fields(s), " ")) {
		lines[i%4].WriteRune(r)
	}
	return lines[0].String() + "\n" + lines[1].String() + "\n" + lines[2].String() + "\n" + lines[3].String()
}

// secondLetters writes a word for each letter, whose second letter it is.
func secondLetters(s string) string {
	words := strings.Fields("garden table market about abroad object school ocean actor idea edge " +
		"adult red letter berry after office often again egg ago the shop white river kitchen little eject " +
		"fjord ejected sky skirt skate blue cloud glass small smile empty under snow knee house morning " +
		"road open spoon apple equal aqua square green bread orange usual island essay street other stone " +
		"summer music butter ever over even two sweet swim extra exit oxen type eye system azure ozone tzar")
	random := newFiller(119).random
	return spell(s, func(i int) string { return words[3*i+random.IntN(3)] }, " ", "\n")
}

// bothEnds writes the first word, the last, the second, the last but one and so on.
func bothEnds(s string) string {
	words := strings.Fields(s)
	middle := (len(words) + 1) / 2
	second := slices.Clone(words[middle:])
	slices.Reverse(second)
	return strings.Join(alternate(words[:middle], second), " ")
}

// shuffledLines writes lines of four words in a random order, each with its number.
func shuffledLines(s string) string {
	lines := groups(strings.Fields(s), 4)
	for i := range lines {
		lines[i] = fmt.Sprintf("(%d) %s", i+1, lines[i])
	}
	newFiller(122).random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	return strings.Join(lines, "\n")
}

func heldOutOrders() []Transform {
	return []Transform{
		inStream("U112", "lines of six words, each from its last word", func(s string) string {
			return perGroup(s, 6, func(_ int, words string) string { return reversedWords(words) + "\n" })
		}),
		inStream("U113", "words of each sentence backwards", func(s string) string {
			all := sentences(s)
			for i := range all {
				all[i] = reversedWords(all[i])
			}
			return strings.Join(all, " ")
		}),
		inStream("U114", "words of every second line backwards", turningWords),
		wholeAnswer("U115", "rows of nine letters, read downwards", columns),
		inStream("U116", "neighbouring words swapped", func(s string) string {
			return perGroup(s, 2, func(_ int, words string) string { return reversedWords(words) + " " })
		}),
		wholeAnswer("U117", "every second word, then the rest", oddWordsFirst),
		wholeAnswer("U118", "letters dealt to four lines", dealt),
		wholeAnswer("U119", "second letters of words", secondLetters),
		inStream("U120", "words from both ends in turn", bothEnds),
		inStream("U121", "first and last letter of each word swapped", perWord(func(_ int, word string) string {
			r := []rune(word)
			r[0], r[len(r)-1] = r[len(r)-1], r[0]
			return string(r)
		})),
		wholeAnswer("U122", "numbered lines in a random order", shuffledLines),
	}
}
