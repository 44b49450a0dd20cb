package leaktest

import (
	"strings"
	"unicode"
)

// doubleStruck writes A to Z and a to z as letters with double lines. Seven capitals are not in the block of the
// others.
func doubleStruck(s string) string {
	return shiftBlocks('𝔸', '𝕒')(replace("CHNPQRZ", "ℂℍℕℙℚℝℤ")(s))
}

// inCyrillic writes Latin letters by their sound.
func inCyrillic(s string) string {
	pairs := strings.Fields("sh ш ch ч zh ж a а b б c ц d д e е f ф g г h х i и j й k к l л m м n н o о p п q қ r р " +
		"s с t т u у v в w ў x кс y ы z з")
	return strings.NewReplacer(pairs...).Replace(strings.ToLower(s))
}

// randomStyles writes each letter in one of six styles.
func randomStyles(s string) string {
	random := newFiller(1).random
	styles := []func(string) string{shiftBlocks('𝑨', '𝒂'), shiftBlocks('𝕬', '𝖆'), shiftBlocks('𝗔', '𝗮'),
		shiftBlocks('𝙰', '𝚊'), shiftBlocks('Ａ', 'ａ'), shiftBlocks('Ⓐ', 'ⓐ')}
	return mapRunes(s, func(r rune) string { return styles[random.IntN(len(styles))](string(r)) })
}

// accented puts a random accent on each letter that has one.
func accented(s string) string {
	random := newFiller(2).random
	forms := map[rune]string{'a': "àáâãäåā", 'c': "çćč", 'd': "ďđ", 'e': "èéêëēę", 'g': "ĝğġ", 'h': "ĥħ", 'i': "ìíîïī",
		'j': "ĵ", 'k': "ķ", 'l': "ĺļľł", 'n': "ñńņň", 'o': "òóôõöø", 'r': "ŕŗř", 's': "śŝşš", 't': "ţťŧ",
		'u': "ùúûüūů", 'w': "ŵẁẃ", 'y': "ýÿŷ", 'z': "źżž"}
	return mapRunes(strings.ToLower(s), func(r rune) string {
		if form := []rune(forms[r]); len(form) > 0 {
			return string(form[random.IntN(len(form))])
		}
		return string(r)
	})
}

// markEachLetter returns a function that adds mark to each letter.
func markEachLetter(mark string) func(string) string {
	return func(s string) string {
		return mapRunes(s, func(r rune) string {
			if unicode.IsLetter(r) {
				return string(r) + mark
			}
			return string(r)
		})
	}
}

// rightToLeft writes lines of 60 characters backwards after a character that makes them look right.
func rightToLeft(s string) string {
	out := ""
	for _, line := range cut(s, 60) {
		out += "\u202e" + reversed(line) + "\u202c\n"
	}
	return out
}

func unlistedSpellings() []Transform {
	upsideDown := letterwise("ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz")
	return []Transform{
		inStream("U001", "small capitals", letterwise("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡxʏᴢ")),
		inStream("U002", "white letters in black squares", shiftBlocks('🅰', '🅰')),
		inStream("U003", "double-struck letters", doubleStruck),
		inStream("U004", "Greek look-alikes",
			replace("ABEZHIKMNOPTYXaovuipnktwxy", "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαονυιρηκτωχγ")),
		inStream("U005", "Cyrillic letters by sound", inCyrillic),
		inStream("U006", "runes", func(s string) string {
			return strings.Join(strings.Fields(letterwise("ᚨᛒᚳᛞᛖᚠᚷᚻᛁᛄᚴᛚᛗᚾᚩᛈᛩᚱᛋᛏᚢᚡᚹᛪᚣᛉ")(s)), "᛫")
		}),
		inStream("U007", "letters struck through", markEachLetter("\u0336")),
		inStream("U008", "upside-down", func(s string) string { return reversed(upsideDown(s)) }),
		inStream("U009", "soft hyphens and word joiners", perWord(func(_ int, word string) string {
			return strings.ReplaceAll(strings.Join(cut(word, 2), "\u00ad"), "e", "e\u2060")
		})),
		inStream("U010", "wide spaces between letters, a line per word", func(s string) string {
			var lines []string
			for _, word := range strings.Fields(s) {
				lines = append(lines, spacedBy("\u3000")(word))
			}
			return strings.Join(lines, "\n")
		}),
		inStream("U011", "each letter in another style", randomStyles),
		inStream("U012", "each letter twice", func(s string) string {
			return mapRunes(s, func(r rune) string {
				if unicode.IsLetter(r) {
					return string(r) + string(r)
				}
				return string(r)
			})
		}),
		inStream("U013", "letters with random accents", accented),
		inStream("U014", "capitals in groups of five", func(s string) string {
			return strings.Join(cut(strings.ToUpper(plainLetters(s)), 5), " ")
		}),
		inStream("U015", "lines backwards after a right-to-left mark", rightToLeft),
	}
}
