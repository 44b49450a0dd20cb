package decode

import (
	"strings"
	"unicode"
)

// morseLetters has the codes of a to z.
const morseLetters = ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- " +
	"-. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.."

// morse reads tokens of dots and dashes in any typography.
func morse(in *Input, yield func(Output) bool) {
	text := in.Text
	codes := make(map[string]byte, 26)
	for i, code := range strings.Fields(morseLetters) {
		codes[code] = byte('a' + i)
	}
	normalize := strings.NewReplacer("·", ".", "•", ".", "∙", ".", "–", "-", "—", "-", "−", "-", "_", "-",
		"/", " ", "|", " ")
	var out []byte
	for _, token := range strings.Fields(normalize.Replace(text)) {
		if c := codes[token]; c != 0 {
			out = append(out, c)
		}
	}
	if len(out) >= minBytes {
		yield(Output{Text: string(out)})
	}
}

// tokens takes each word for a letter. The most frequent one may be a separator.
func tokens(in *Input, yield func(Output) bool) {
	text := in.Text
	fields := strings.Fields(text)
	if len(fields) < minBytes {
		return
	}
	list := newWordList(len(fields))
	signs := make([]uint32, 3*len(fields)) // one array for all
	all, letters, separated := signs[:len(fields)], signs[len(fields):len(fields)], signs[2*len(fields):2*len(fields)]
	for i, f := range fields {
		fields[i] = strings.ToLower(strings.Trim(f, ",;"))
		all[i] = list.add(fields[i])
	}
	separator := list.words[list.mostFrequent()]
	for i, f := range fields {
		if strings.Trim(f, "/|,;_") != "" {
			letters = append(letters, all[i])
		}
		if f != separator && f != "" {
			separated = append(separated, all[i])
		}
	}
	if !yield(Output{Signs: letters}) || !yield(Output{Signs: separated}) || len(list.words) > maxGroupTokens {
		return
	}
	for _, width := range []int{2, 3, 4, 5, 6, 7, 8} {
		for skip := 0; skip < width && len(separated) >= width*minBytes; skip++ {
			if !yield(Output{Signs: grouped(separated[skip:], width)}) {
				return
			}
		}
	}
}

// maxGroupTokens is how many different words a text has at most in which a letter is several words.
const maxGroupTokens = 40

// grouped returns a sign for each width signs.
func grouped(signs []uint32, width int) []uint32 {
	out := make([]uint32, 0, len(signs)/width)
	for ; len(signs) >= width; signs = signs[width:] {
		group := uint32(0)
		for _, s := range signs[:width] {
			group = group*0x9E3779B1 + s
		}
		out = append(out, group)
	}
	return out
}

// groups reads text without spaces in groups of one to three characters, each of which encodes one letter.
func groups(in *Input, yield func(Output) bool) {
	text := in.Text
	var chars []uint32
	for _, r := range text {
		if !unicode.IsSpace(r) {
			chars = append(chars, uint32(unicode.ToLower(r)))
		}
	}
	widest := 3
	if in.wide == 0 && in.distinct > 16 && in.mostlyLetters() {
		widest = 1 // groups of letters have few different ones
	}
	for width := 1; width <= widest; width++ {
		for skip := range width {
			if !yield(Output{Signs: grouped(chars[min(skip, len(chars)):], width)}) {
				return
			}
		}
	}
}

// everyNth reads every second to fifth visible character.
func everyNth(in *Input, yield func(Output) bool) {
	text := in.Text
	chars := make([]byte, 0, len(text))
	for _, r := range text {
		if r < 0x80 && r > ' ' {
			chars = append(chars, byte(r))
		} else if r >= 0x80 {
			chars = append(chars, 0x7F)
		}
	}
	out := make([]byte, 0, len(chars))
	for n := 2; n <= 5; n++ {
		for offset := range n {
			out = out[:0]
			for i := offset; i < len(chars); i += n {
				out = append(out, chars[i])
			}
			if len(out) >= minBytes && !yield(Output{Text: string(out)}) {
				return
			}
		}
	}
}
