// Held out: developers of the leak filter do not read this file before the filter is finished, so that its disguises
// measure how the filter does on ones that nobody had in mind.

package leaktest

import (
	"bytes"
	"compress/zlib"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"unicode"
	"unicode/utf16"
)

// z85 writes s in the alphabet of ZeroMQ. Spaces fill the last four bytes.
func z85(s string) string {
	const digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
	b := []byte(s + strings.Repeat(" ", (4-len(s)%4)%4))
	var out []byte
	for ; len(b) > 0; b = b[4:] {
		value := binary.BigEndian.Uint32(b)
		for _, power := range []uint32{85 * 85 * 85 * 85, 85 * 85 * 85, 85 * 85, 85, 1} {
			out = append(out, digits[value/power%85])
		}
	}
	return string(out)
}

// utf16Bytes returns the bytes of s in UTF-16 with the low byte first, or with the high byte first.
func utf16Bytes(s string, order binary.AppendByteOrder) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		out = order.AppendUint16(out, unit)
	}
	return out
}

// utf7 writes each word in the encoded form of UTF-7.
func utf7(s string) string {
	return perWord(func(_ int, word string) string {
		return "+" + base64.RawStdEncoding.EncodeToString(utf16Bytes(word, binary.BigEndian)) + "-"
	})(s)
}

// yEncode writes s as yEnc does: every byte plus 42, in lines of 64.
func yEncode(s string) string {
	var out strings.Builder
	for i, b := range []byte(s) {
		if i > 0 && i%64 == 0 {
			out.WriteString("\r\n")
		}
		b += 42
		if b == 0 || b == '\n' || b == '\r' || b == '=' {
			out.WriteString("=")
			b += 64
		}
		out.WriteRune(rune(b))
	}
	return out.String() + fmt.Sprintf("\r\n=yend size=%d\r\n", len(s))
}

// swapCase changes capitals to small letters and small letters to capitals.
func swapCase(s string) string {
	return mapRunes(s, func(r rune) string {
		if unicode.IsUpper(r) {
			return string(unicode.ToLower(r))
		}
		return string(unicode.ToUpper(r))
	})
}

// base64Parts writes base64 in parts of 16 letters, each with a name.
func base64Parts(s string) string {
	f := newFiller(143)
	out := ""
	for i, part := range cut(toBase64(s), 16) {
		out += fmt.Sprintf("%s_%d: %s\n", f.word(), i, part)
	}
	return out
}

// zlibHex compresses s and writes the bytes in hex.
func zlibHex(s string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return hex.EncodeToString(b.Bytes())
}

// namedEntities writes punctuation by name and the other characters by number.
func namedEntities(s string) string {
	names := map[rune]string{',': "comma", '.': "period", ':': "colon", ';': "semi", '(': "lpar", ')': "rpar",
		'!': "excl", '?': "quest", '[': "lsqb", ']': "rsqb", '"': "quot", '\'': "apos", '/': "sol", '\n': "NewLine"}
	return mapRunes(s, func(r rune) string {
		if name := names[r]; name != "" {
			return "&" + name + ";"
		}
		return fmt.Sprintf("&#x%x;", r)
	})
}

// xorHex changes the same bits of every byte and writes the bytes in hex.
func xorHex(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] ^= 0x2A
	}
	return hex.EncodeToString(b)
}

func heldOutEncodings() []Transform {
	crockford := base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)
	return []Transform{
		inStream("U134", "Crockford base32 in groups", func(s string) string {
			return strings.Join(cut(crockford.EncodeToString([]byte(s)), 5), "-")
		}),
		wholeAnswer("U135", "base62", func(s string) string {
			return new(big.Int).SetBytes([]byte(s)).Text(62)
		}),
		inStream("U136", "Z85", z85),
		after("https://www.example.com/?q=", inStream("U137", "percent-encoding, every byte", func(s string) string {
			return "%" + strings.ReplaceAll(fmt.Sprintf("% X", s), " ", "%")
		})),
		inStream("U138", "UTF-16 bytes in hex, low byte first", func(s string) string {
			return fmt.Sprintf("% x", utf16Bytes(s, binary.LittleEndian))
		}),
		inStream("U139", "hex dump with text", func(s string) string { return hex.Dump([]byte(s)) }),
		inStream("U140", "UTF-7", utf7),
		after("=ybegin line=64 name=note.txt\r\n", inStream("U141", "yEnc", yEncode)),
		inStream("U142", "base64 with swapped case", func(s string) string { return swapCase(toBase64(s)) }),
		inStream("U143", "base64 in named parts", base64Parts),
		inStream("U144", "zlib in hex", zlibHex),
		inStream("U145", "base64 of base64 of hex", func(s string) string {
			return toBase64(toBase64(hex.EncodeToString([]byte(s))))
		}),
		after("![page](", inStream("U146", "data URL of an HTML page", func(s string) string {
			return "data:text/html;charset=utf-8;base64," + toBase64("<html><body><p>"+s+"</p></body></html>") + ")"
		})),
		inStream("U147", "HTML entities in hex and by name", namedEntities),
		inStream("U148", "bytes XOR 42 in hex", xorHex),
		inStream("U149", "running total of codes", func(s string) string {
			total := rune(0)
			return mapRunes(s, func(r rune) string {
				total += r
				return fmt.Sprint(total, " ")
			})
		}),
		inStream("U150", "String.fromCharCode with a list in hex", func(s string) string {
			var codes []string
			for _, unit := range utf16.Encode([]rune(s)) {
				codes = append(codes, fmt.Sprintf("0x%x", unit))
			}
			return "String.fromCharCode(" + strings.Join(codes, ", ") + ")"
		}),
	}
}
