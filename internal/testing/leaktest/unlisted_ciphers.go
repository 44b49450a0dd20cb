package leaktest

import (
	"fmt"
	"strings"
	"unicode"
)

// rot47 shifts the printable ASCII characters by half their number.
func rot47(s string) string {
	return mapRunes(s, func(r rune) string {
		if r > ' ' && r < 0x7F {
			return string('!' + (r-'!'+47)%94)
		}
		return string(r)
	})
}

// multiTap writes each letter as the presses of a phone's keys: 2 is A, 22 is B.
func multiTap(s string) string {
	keys := strings.Fields("abc def ghi jkl mno pqrs tuv wxyz")
	return spell(s, func(i int) string {
		for k, letters := range keys {
			if at := strings.IndexByte(letters, alphabet[i]); at >= 0 {
				return strings.Repeat(fmt.Sprint(k+2), at+1)
			}
		}
		return ""
	}, " ", "0 ")
}

// polybius writes each letter as row and column of a square of five by five, in which I and J share a place.
func polybius(s string) string {
	return spell(s, func(i int) string {
		if i > 8 {
			i--
		}
		return fmt.Sprintf("%d%d", i/5+1, i%5+1)
	}, " ", "/ ")
}

// progressive shifts the first letter by 0, the second by 1 and so on.
func progressive(s string) string {
	n := -1
	return mapRunes(s, func(r rune) string {
		if !unicode.IsLetter(r) || r > unicode.MaxASCII {
			return string(r)
		}
		n++
		return mapLetters(func(i int) rune { return rune((i + n) % 26) })(string(r))
	})
}

const germanAlphabet = "Anton Berta Cäsar Dora Emil Friedrich Gustav Heinrich Ida Julius Kaufmann Ludwig Martha " +
	"Nordpol Otto Paula Quelle Richard Samuel Theodor Ulrich Viktor Wilhelm Xanthippe Ypsilon Zacharias"

const firstElements = "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe"

func unlistedCiphers() []Transform {
	return []Transform{
		inStream("U048", "Caesar shift 3", mapLetters(func(i int) rune { return rune((i + 3) % 26) })),
		inStream("U049", "ROT47", rot47),
		inStream("U050", "typed one key to the right", replace(
			"qwertyuiopasdfghjklzxcvbnmQWERTYUIOPASDFGHJKLZXCVBNM",
			"wertyuiop[sdfghjkl;xcvbnm,WERTYUIOP{SDFGHJKL:XCVBNM<")),
		inStream("U051", "presses of a phone's keys", multiTap),
		inStream("U052", "Polybius square", polybius),
		inStream("U053", "Bacon's cipher in capitals of ordinary words", func(s string) string {
			return markedProse(s, 53, func(r rune) string { return strings.ToUpper(string(r)) })
		}),
		inStream("U054", "German spelling alphabet", func(s string) string {
			return spell(s, lookUp(germanAlphabet), " ", "/ ")
		}),
		inStream("U055", "musical notes", func(s string) string {
			return spell(s, func(i int) string { return fmt.Sprintf("%c%d", "CDEFGAB"[i%7], 2+i/7) }, " ", "| ")
		}),
		inStream("U056", "chemical elements by their numbers", func(s string) string {
			return spell(s, lookUp(firstElements), " ", "+ ")
		}),
		inStream("U057", "places in the alphabet", func(s string) string {
			return spell(s, func(i int) string { return fmt.Sprint(i + 1) }, "-", " ")
		}),
		inStream("U058", "shift that grows with each letter", progressive),
	}
}
