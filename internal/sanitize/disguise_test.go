package sanitize_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// lettersIn returns the letters of s in lower case.
func lettersIn(s string) string {
	return strings.Map(func(r rune) rune {
		if r = unicode.ToLower(r); r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, s)
}

// perLetter joins what f makes of each letter, in lower case.
func perLetter(s string, f func(i int, c rune) string) string {
	var out strings.Builder
	for i, c := range lettersIn(s) {
		out.WriteString(f(i, c))
	}
	return out.String()
}

func perWord(f func(string) string) func(string) string {
	return func(s string) string {
		words := strings.Fields(s)
		for i, w := range words {
			words[i] = f(w)
		}
		return strings.Join(words, " ")
	}
}

func perByte(s, format string) string {
	var out strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&out, format, s[i])
	}
	return out.String()
}

func turned(s string) string {
	runes := []rune(s)
	slices.Reverse(runes)
	return string(runes)
}

// moved replaces each letter by that in another place of the alphabet, in the same case.
func moved(s string, place func(i int, at rune) rune) string {
	out, i := []rune(s), 0
	for j, c := range out {
		base := 'a'
		if c >= 'A' && c <= 'Z' {
			base = 'A'
		}
		if at := c - base; at >= 0 && at < 26 {
			out[j] = base + place(i, at)
			i++
		}
	}
	return string(out)
}

func shifted(s string, by rune) string {
	return moved(s, func(_ int, at rune) rune { return (at + by) % 26 })
}

func rotated(s string) string { return shifted(s, 13) }

func mirrored(s string) string { return moved(s, func(_ int, at rune) rune { return 25 - at }) }

// inTurns shifts letters by n numbers in turn.
func inTurns(n int) func(string) string {
	return func(s string) string {
		return moved(s, func(i int, at rune) rune { return (at + rune("hqcwkznd"[i%n]-'a')) % 26 })
	}
}

// initials makes a word of each letter.
func initials(s, after string) string {
	return perLetter(s, func(_ int, c rune) string { return string(c) + "ound" + after })
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, s)
}

func inUTF7(c rune) string {
	return "+" + base64.RawStdEncoding.EncodeToString([]byte{0, byte(c)}) + "-"
}

func inBase45(s string) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
	var out strings.Builder
	for i := 0; i+1 < len(s); i += 2 {
		v := int(s[i])<<8 | int(s[i+1])
		for range 3 {
			out.WriteByte(digits[v%45])
			v /= 45
		}
	}
	return out.String()
}

func inZ85(s string) string {
	const digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
	var out strings.Builder
	for ; len(s) >= 4; s = s[4:] {
		v := uint32(s[0])<<24 | uint32(s[1])<<16 | uint32(s[2])<<8 | uint32(s[3])
		for factor := uint32(85 * 85 * 85 * 85); factor > 0; factor /= 85 {
			out.WriteByte(digits[v/factor%85])
		}
	}
	return out.String()
}

// everyFifthWord puts four words that are none before each word.
func everyFifthWord(s string) string {
	words := strings.Fields(s)
	for i, w := range words {
		words[i] = "xqzv zvkj qkpt vxbd " + w
	}
	return strings.Join(words, " ")
}

// inColumns writes s in rows of seven characters and reads it from top to bottom.
func inColumns(s string) string {
	var out strings.Builder
	for c := range 7 {
		for i := c; i < len(s); i += 7 {
			out.WriteByte(s[i])
		}
	}
	return out.String()
}

// inBlocks turns each five letters around.
func inBlocks(s string) string {
	letters := lettersIn(s)
	var out strings.Builder
	for ; len(letters) >= 5; letters = letters[5:] {
		out.WriteString(turned(letters[:5]))
	}
	return out.String()
}
