// Held out: developers of the leak filter do not read this file before the filter is finished, so that its disguises
// measure how the filter does on ones that nobody had in mind.

package leaktest

import (
	"strings"
	"unicode"
)

// scriptLetters writes A to Z and a to z as handwriting. Eleven of them are not in the block of the others.
func scriptLetters(s string) string {
	return shiftBlocks('𝒜', '𝒶')(replace("BEFHILMRego", "ℬℰℱℋℐℒℳℛℯℊℴ")(s))
}

// flags writes each letter as half of a flag.
func flags(s string) string {
	return strings.Join(strings.Fields(mapRunes(strings.ToUpper(s), func(r rune) string {
		if r >= 'A' && r <= 'Z' {
			return string(r-'A'+'🇦') + "\u2009"
		}
		return string(r)
	})), " ")
}

// variationSelectors adds one of sixteen invisible characters, or a grapheme joiner, to each letter.
func variationSelectors(s string) string {
	random := newFiller(84).random
	return mapRunes(s, func(r rune) string {
		switch n := random.IntN(17); {
		case !unicode.IsLetter(r):
			return string(r)
		case n == 16:
			return string(r) + "\u034f"
		default:
			return string(r) + string(rune(0xFE00+n))
		}
	})
}

// spacesOfAllWidths puts a space of a random width between letters and three spaces between words.
func spacesOfAllWidths(s string) string {
	random := newFiller(85).random
	widths := []rune("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f")
	words := strings.Fields(s)
	for i, word := range words {
		words[i] = mapRunes(word, func(r rune) string { return string(r) + string(widths[random.IntN(len(widths))]) })
	}
	return strings.Join(words, "   ")
}

// stretched writes each letter two to four times.
func stretched(s string) string {
	random := newFiller(87).random
	return mapRunes(s, func(r rune) string {
		if unicode.IsLetter(r) {
			return strings.Repeat(string(r), 2+random.IntN(3))
		}
		return string(r)
	})
}

// wrongSpaces takes the spaces out and puts others in after 2 to 9 letters.
func wrongSpaces(s string) string {
	random := newFiller(89).random
	left := 5
	return mapRunes(plainLetters(s), func(r rune) string {
		if left--; left > 0 {
			return string(r)
		}
		left = 2 + random.IntN(8)
		return string(r) + " "
	})
}

// ligatures joins letters for which there is one character and writes the vowels that are left as phonetic ones.
func ligatures(s string) string {
	pairs := strings.Fields("ffi ﬃ ffl ﬄ fi ﬁ fl ﬂ ff ﬀ st ﬆ ae æ oe œ ij ĳ lj ǉ nj ǌ dz ǆ ts ʦ ls ʪ th ᵺ oo ꝏ aa ꜳ " +
		"ao ꜵ au ꜷ av ꜹ ay ꜽ tz ꜩ vy ꝡ a ɑ e ɘ i ɪ o ɵ u ʊ")
	return strings.NewReplacer(pairs...).Replace(strings.ToLower(s))
}

func heldOutSpellings() []Transform {
	styles := []func(string) string{shiftBlocks('𝖠', '𝖺'), shiftBlocks('𝘈', '𝘢'), shiftBlocks('𝘼', '𝙖'),
		shiftBlocks('𝓐', '𝓪'), shiftBlocks('🄐', '⒜'), shiftBlocks('🄰', 'ａ')}
	turned := letterwise("ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz")
	return []Transform{
		inStream("U076", "superscript letters", letterwise("ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖqʳˢᵗᵘᵛʷˣʸᶻ")),
		inStream("U077", "regional indicators", flags),
		inStream("U078", "script letters", scriptLetters),
		inStream("U079", "Lisu look-alikes", func(s string) string {
			return replace("ABCDEFGHIJKLMNOPRSTUVWXYZ", "ꓮꓐꓚꓓꓰꓝꓖꓧꓲꓙꓗꓡꓟꓠꓳꓑꓣꓢꓔꓴꓦꓪꓫꓬꓜ")(strings.ToUpper(s))
		}),
		inStream("U080", "typed on a Greek keyboard", letterwise("αβψδεφγηιξκλμνοπ;ρστθωςχυζ")),
		inStream("U081", "Georgian letters", letterwise("აბცდეფგჰიჯკლმნოპქრსტუვწხყზ")),
		inStream("U082", "letters in combining circles", markEachLetter("\u20dd")),
		inStream("U083", "each word upside-down at its place", perWord(func(_ int, word string) string {
			return reversed(turned(word))
		})),
		inStream("U084", "variation selectors after letters", variationSelectors),
		inStream("U085", "spaces of many widths between letters", spacesOfAllWidths),
		inStream("U086", "each word in another style", perWord(func(i int, word string) string {
			return styles[i*5%len(styles)](word)
		})),
		inStream("U087", "letters two to four times", stretched),
		inStream("U088", "letters with hooks and strokes", letterwise("ɑƀƈɖɛƒɠɦɨʝƙɭɱɳøƥʠɾʂƭʉʋɯҳƴʐ")),
		inStream("U089", "spaces at wrong places", wrongSpaces),
		inStream("U090", "ligatures and phonetic vowels", ligatures),
	}
}
