package leaktest

import (
	"bytes"
	"compress/flate"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"unicode/utf16"
)

// base58 writes the bytes of s as one number.
func base58(s string) string {
	const digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	number, base, digit := new(big.Int).SetBytes([]byte(s)), big.NewInt(58), new(big.Int)
	var out []byte
	for number.Sign() > 0 {
		number.DivMod(number, base, digit)
		out = append(out, digits[digit.Int64()])
	}
	slices.Reverse(out)
	return string(out)
}

// base91 writes s as Joachim Henke's basE91.
func base91(s string) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&()*+,./:;<=>?@[]^_`{|}~\""
	var out []byte
	queue, bits := 0, 0
	for _, b := range []byte(s) {
		queue |= int(b) << bits
		if bits += 8; bits <= 13 {
			continue
		}
		value := queue & 8191
		used := 13
		if value <= 88 {
			value, used = queue&16383, 14
		}
		queue >>= used
		bits -= used
		out = append(out, digits[value%91], digits[value/91])
	}
	if bits > 0 {
		out = append(out, digits[queue%91])
		if bits > 7 || queue > 90 {
			out = append(out, digits[queue/91])
		}
	}
	return string(out)
}

// quotedPrintable writes every byte as a quoted one, in lines of 72 characters.
func quotedPrintable(s string) string {
	out := ""
	for line := range slices.Chunk([]byte(s), 24) {
		for _, b := range line {
			out += fmt.Sprintf("=%02X", b)
		}
		out += "=\n"
	}
	return out
}

// octalDump writes s as od -b does.
func octalDump(s string) string {
	out, at := "", 0
	for line := range slices.Chunk([]byte(s), 16) {
		out += fmt.Sprintf("%07o", at)
		for _, b := range line {
			out += fmt.Sprintf(" %03o", b)
		}
		out += "\n"
		at += len(line)
	}
	return out + fmt.Sprintf("%07o\n", at)
}

// punycode writes word as in a domain name with characters that are not ASCII (RFC 3492).
func punycode(word string) string {
	var out []byte
	runes := []rune(word)
	for _, r := range runes {
		if r < 0x80 {
			out = append(out, byte(r))
		}
	}
	basic := len(out)
	if basic == len(runes) {
		return word
	}
	if basic > 0 {
		out = append(out, '-')
	}
	n, delta, bias := rune(0x80), 0, 72
	for handled := basic; handled < len(runes); {
		next := rune(0x7FFFFFFF)
		for _, r := range runes {
			if r >= n {
				next = min(next, r)
			}
		}
		delta += int(next-n) * (handled + 1)
		n = next
		for _, r := range runes {
			if r < n {
				delta++
			} else if r == n {
				out = appendPunycode(out, delta, bias)
				bias = punycodeBias(delta, handled+1, handled == basic)
				delta = 0
				handled++
			}
		}
		delta++
		n++
	}
	return "xn--" + string(out)
}

// appendPunycode appends the digits of delta to out.
func appendPunycode(out []byte, delta, bias int) []byte {
	const digits = alphabet + "0123456789"
	for k := 36; ; k += 36 {
		threshold := min(max(k-bias, 1), 26)
		if delta < threshold {
			return append(out, digits[delta])
		}
		out = append(out, digits[threshold+(delta-threshold)%(36-threshold)])
		delta = (delta - threshold) / (36 - threshold)
	}
}

// punycodeBias returns the bias after delta for a text of which count characters were handled.
func punycodeBias(delta, count int, first bool) int {
	if first {
		delta /= 700
	} else {
		delta /= 2
	}
	delta += delta / count
	k := 0
	for ; delta > 455; k += 36 {
		delta /= 35
	}
	return k + 36*delta/(delta+38)
}

// xxencode writes s as uuencode does, but with letters and digits.
func xxencode(s string) string {
	const digits = "+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	encoding := base64.NewEncoding(digits).WithPadding(base64.NoPadding)
	out := ""
	for line := range slices.Chunk([]byte(s), 45) {
		padded := append(slices.Clone(line), make([]byte, (3-len(line)%3)%3)...)
		out += string(digits[len(line)]) + encoding.EncodeToString(padded) + "\n"
	}
	return out + "+\nend\n"
}

// deflated compresses s without a header and writes it for an address.
func deflated(s string) string {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		panic(err)
	}
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return base64.RawURLEncoding.EncodeToString(b.Bytes())
}

// token returns a JSON Web Token whose payload has s. Its signature is not valid.
func token(s string) string {
	payload, err := json.Marshal(map[string]any{"sub": "1234567890", "iat": 1767225600, "note": s})
	if err != nil {
		panic(err)
	}
	url := base64.RawURLEncoding
	return url.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + url.EncodeToString(payload) +
		".c2lnbmF0dXJlLW9mLXRoZS10b2tlbi1pcy1ub3QtdmFsaWQ"
}

// differences writes the first character's code and then how much each code differs from the one before.
func differences(s string) string {
	last := rune(0)
	return mapRunes(s, func(r rune) string {
		difference := r - last
		last = r
		return fmt.Sprint(difference, " ")
	})
}

func unlistedEncodings() []Transform {
	vowels := replace("aeiou", "äëïöü")
	return []Transform{
		inStream("U059", "base32 in lines", func(s string) string {
			return strings.Join(cut(base32.StdEncoding.EncodeToString([]byte(s)), 40), "\n")
		}),
		wholeAnswer("U060", "base58", base58),
		inStream("U061", "basE91", base91),
		after("Content-Transfer-Encoding: quoted-printable\n\n",
			inStream("U062", "quoted-printable, every byte", quotedPrintable)),
		inStream("U063", "UTF-16 units in hex", func(s string) string {
			out := ""
			for _, unit := range utf16.Encode([]rune(s)) {
				out += fmt.Sprintf("%04X ", unit)
			}
			return out
		}),
		inStream("U064", "octal dump", octalDump),
		inStream("U065", "Punycode of words with accents", perWord(func(_ int, word string) string {
			return punycode(vowels(strings.ToLower(word)))
		})),
		after("begin 644 note\n", inStream("U066", "xxencode", xxencode)),
		inStream("U067", "base64 backwards", func(s string) string { return reversed(toBase64(s)) }),
		inStream("U068", "base64 of each word", perWord(func(_ int, word string) string { return toBase64(word) })),
		inStream("U069", "deflate and URL base64", deflated),
		inStream("U070", "base64 three times", func(s string) string { return toBase64(toBase64(toBase64(s))) }),
		inStream("U071", "JSON Web Token", token),
		inStream("U072", "decimal HTML entities", func(s string) string {
			return mapRunes(s, func(r rune) string { return fmt.Sprintf("&#%d;", r) })
		}),
		inStream("U073", "ROT13 in base64", func(s string) string {
			return toBase64(mapLetters(func(i int) rune { return rune((i + 13) % 26) })(s))
		}),
		inStream("U074", "differences of codes", differences),
		inStream("U075", "chr() calls added up", func(s string) string {
			var calls []string
			for _, r := range s {
				calls = append(calls, fmt.Sprintf("chr(%d)", r))
			}
			return strings.Join(calls, "+")
		}),
	}
}
