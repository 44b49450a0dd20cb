// Held out: developers of the leak filter do not read this file before the filter is finished, so that its disguises
// measure how the filter does on ones that nobody had in mind.

package leaktest

import (
	"fmt"
	"strings"
)

// keysAndPresses writes each letter as the phone's key and how often to press it: 2.1 is A.
func keysAndPresses(s string) string {
	keys := strings.Fields("abc def ghi jkl mno pqrs tuv wxyz")
	return spell(s, func(i int) string {
		for k, letters := range keys {
			if at := strings.IndexByte(letters, alphabet[i]); at >= 0 {
				return fmt.Sprintf("%d.%d", k+2, at+1)
			}
		}
		return ""
	}, " ", "/ ")
}

// tapCode writes each letter as knocks for the row and the column of a square in which C and K share a place.
func tapCode(s string) string {
	return spell(s, func(i int) string {
		if i == 10 {
			i = 2
		}
		if i > 10 {
			i--
		}
		return strings.Repeat(".", i/5+1) + " " + strings.Repeat(".", i%5+1)
	}, "  ", "")
}

// elementNumbers spells the words with the symbols of the elements and writes their numbers. Letters that are no
// symbol stay as they are.
func elementNumbers(s string) string {
	symbols := strings.Fields("h he li be b c n o f ne na mg al si p s cl ar k ca sc ti v cr mn fe co " +
		"ni cu zn ga ge as se br kr rb sr y zr nb mo tc ru rh pd ag cd in sn sb te i xe cs ba la ce pr " +
		"nd pm sm eu gd tb dy ho er tm yb lu hf ta w re os ir pt au hg " +
		"tl pb bi po at rn fr ra ac th pa u np pu am cm bk cf es fm md no lr")
	numbers := make(map[string]int)
	for i, symbol := range symbols {
		numbers[symbol] = i + 1
	}
	words := strings.Fields(strings.ToLower(s))
	for i, word := range words {
		var out []string
		for letters := []rune(word); len(letters) > 0; {
			n := min(2, len(letters))
			if numbers[string(letters[:n])] == 0 {
				n = 1
			}
			part := string(letters[:n])
			if number := numbers[part]; number > 0 {
				part = fmt.Sprint(number)
			}
			out = append(out, part)
			letters = letters[n:]
		}
		words[i] = strings.Join(out, "-")
	}
	return strings.Join(words, " ")
}

// atbashBackwards replaces A by Z, B by Y and so on, and writes each word backwards.
func atbashBackwards(s string) string {
	return perWord(func(_ int, word string) string { return reversed(word) })(
		mapLetters(func(i int) rune { return rune(25 - i) })(s))
}

const oldAlphabet = "Able Baker Charlie Dog Easy Fox George How Item Jig King Love Mike Nan Oboe Peter Queen Roger " +
	"Sugar Tare Uncle Victor William X-ray Yoke Zebra"

const romanNumbers = "I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX XX " +
	"XXI XXII XXIII XXIV XXV XXVI"

func heldOutCiphers() []Transform {
	return []Transform{
		inStream("U123", "Caesar shift 11", mapLetters(func(i int) rune { return rune((i + 11) % 26) })),
		inStream("U124", "Atbash with words backwards", atbashBackwards),
		inStream("U125", "typed on a Dvorak keyboard", replace(
			"qwertyuiopasdfghjklzxcvbnmQWERTYUIOPASDFGHJKLZXCVBNM,.",
			"',.pyfgcrlaoeuidhtn;qjkxbm\"<>PYFGCRLAOEUIDHTN:QJKXBMwv")),
		inStream("U126", "keys of a phone with presses", keysAndPresses),
		inStream("U127", "tap code", tapCode),
		inStream("U128", "Bacon's cipher in underlined letters", func(s string) string {
			return markedProse(s, 128, func(r rune) string { return string(r) + "\u0332" })
		}),
		inStream("U129", "spelling alphabet of 1941", func(s string) string {
			return spell(s, lookUp(oldAlphabet), " ", "/ ")
		}),
		inStream("U130", "playing cards", func(s string) string {
			ranks, suits := []rune("A23456789TJQK"), []rune("♠♥")
			return spell(s, func(i int) string { return string(ranks[i%13]) + string(suits[i/13]) }, " ", "| ")
		}),
		inStream("U131", "numbers of chemical elements", elementNumbers),
		inStream("U132", "places in the alphabet in Roman numerals", func(s string) string {
			return spell(s, lookUp(romanNumbers), " ", "/ ")
		}),
		inStream("U133", "shift that grows with each word", perWord(func(n int, word string) string {
			return mapLetters(func(i int) rune { return rune((i + n + 1) % 26) })(word)
		})),
	}
}
