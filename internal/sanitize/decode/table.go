package decode

// All returns the decoders.
func All() []Decoder { return append(encodings(), rewrites()...) }

// encodings returns the decoders of text that was encoded.
func encodings() []Decoder {
	return []Decoder{
		{Name: "invisible characters", Kind: Encoding, decode: invisible, Words: true,
			applies: func(in *Input) bool { return in.wide >= 48 }},
		{Name: "escapes", Kind: Encoding, decode: escapes, after: byTurning | byROT47, Words: true,
			applies: hasEscapes},
		{Name: "tags", Kind: Final, decode: tags, Words: true,
			applies: func(in *Input) bool {
				return in.count['<'] >= 4 || in.count['[']+in.count['(']+in.count['{'] >= minBytes
			}},
		{Name: "hex", Kind: Encoding, decode: hex, after: byTurning | byROT47,
			applies: func(in *Input) bool { return in.share(60, "0123456789abcdefABCDEF") }},
		{Name: "base64", Kind: Encoding, decode: base64, after: byTurning | bySwappedCase | byROT47 | bySubstitution,
			applies: func(in *Input) bool { return in.alnum(60) && in.row >= 4 }},
		{Name: "base32", Kind: Encoding, decode: base32, after: byTurning | byROT47,
			applies: func(in *Input) bool {
				return in.alnum(80) && (in.upper*10 < in.lower || in.lower*10 < in.upper) && in.row >= 8
			}},
		{Name: "uuencode", Kind: Encoding, decode: uuencode, after: byTurning,
			applies: func(in *Input) bool { return in.row >= 20 && in.lower*10 < in.visible*3 }},
		{Name: "base85", Kind: Encoding, decode: base85, after: byTurning | bySwappedCase | byROT47,
			applies: func(in *Input) bool { return in.row >= 20 && !in.alnum(92) }},
		{Name: "character numbers", Kind: Encoding, decode: numbers, after: byTurning | byROT47, Words: true,
			applies: func(in *Input) bool { return in.digits*100 >= in.visible*30 }},
		{Name: "bits", Kind: Encoding, decode: bitRows, after: byTurning, Words: true,
			applies: func(in *Input) bool { return in.share(50, "01") }},
		{Name: "morse", Kind: Final, decode: morse, Words: true,
			applies: func(in *Input) bool { return !in.alnum(40) }},
		{Name: "xxencode", Kind: Encoding, decode: xxencode, after: byTurning | bySwappedCase,
			applies: func(in *Input) bool { return in.row >= 20 && in.alnum(60) }},
		{Name: "base91", Kind: Encoding, decode: base91, after: byTurning | bySwappedCase | byROT47,
			applies: func(in *Input) bool { return in.row >= 20 && !in.alnum(90) && in.alnum(40) }},
		{Name: "base45", Kind: Encoding, decode: base45, after: byTurning,
			applies: func(in *Input) bool { return in.lower*20 < in.visible && in.alnum(50) }},
		{Name: "z85", Kind: Encoding, decode: z85, after: byTurning | bySwappedCase | byROT47,
			applies: func(in *Input) bool { return in.row >= 20 && !in.alnum(92) }},
		{Name: "large numbers", Kind: Encoding, decode: bigNumbers, after: byTurning | bySwappedCase,
			applies: func(in *Input) bool { return in.row >= 20 && in.alnum(60) }},
		{Name: "punycode", Kind: Final, decode: punycode, Words: true,
			applies: func(in *Input) bool { return in.count['-'] >= 4 && in.count['x'] >= 2 }},
		{Name: "UTF-7", Kind: Encoding, decode: utf7, after: byTurning, Words: true,
			applies: func(in *Input) bool { return in.count['+'] >= 4 }},
		{Name: "differences", Kind: Final, decode: changes, Words: true,
			applies: func(in *Input) bool { return in.digits*2 >= in.visible }},
		{Name: "case of letters", Kind: Encoding, decode: caseBits, after: byTurning, Words: true,
			applies: func(in *Input) bool {
				return in.upper*5 > in.lower && in.lower*5 > in.upper && in.digits*10 < in.visible
			}},
	}
}

// rewrites returns the decoders that give text for any text.
func rewrites() []Decoder {
	return []Decoder{
		{Name: "turned", Kind: Rewrite, decode: turned, after: byTurning,
			applies: func(in *Input) bool { return in.alnum(60) && in.row >= 8 }},
		{Name: "swapped case", Kind: Rewrite, decode: swappedCase, after: bySwappedCase,
			applies: func(in *Input) bool { return in.alnum(60) && in.row >= 20 }},
		{Name: "ROT13", Kind: Rewrite, decode: rot13, after: bySubstitution,
			applies: longRow},
		{Name: "mirrored alphabet", Kind: Rewrite, decode: atbash, after: bySubstitution,
			applies: longRow},
		{Name: "growing shift", Kind: Growing, decode: asWritten,
			applies: (*Input).mostlyLetters},
		{Name: "swapped pairs", Kind: Final, decode: swappedPairs,
			applies: (*Input).mostlyLetters},
		{Name: "ROT47", Kind: Rewrite, decode: rot47, after: byROT47,
			applies: func(in *Input) bool { return in.lower*6 < in.visible }},
		{Name: "tokens", Kind: Final, decode: tokens, Words: true,
			applies: func(in *Input) bool { return in.row <= 20 }},
		{Name: "groups of characters", Kind: Final, decode: groups,
			applies: func(in *Input) bool { return in.distinct <= 64 || in.wide > 0 }},
		{Name: "every nth character", Kind: Final, decode: everyNth,
			applies: func(in *Input) bool {
				return in.alnum(40) && (in.lower+in.upper)*10 < in.visible*9
			}},
	}
}

// longRow reports whether the input is mostly letters and digits and has a long row.
func longRow(in *Input) bool { return in.alnum(80) && in.row >= minRow }

// minEscapes is how many escapes a text has that is worth decoding.
const minEscapes = 6

// hasEscapes reports whether the input has minEscapes characters that begin an escape.
func hasEscapes(in *Input) bool {
	if in.count['\\']+in.count['%']+in.count['=']+in.count['&']+in.count['+'] < minEscapes {
		return false
	}
	n := 0
	for i := 0; i+1 < len(in.Text); i++ {
		switch c, next := in.Text[i], in.Text[i+1]; c {
		case '%', '=':
			if hexTable[next] != none || next == '\n' || next == '\r' {
				n++
			}
		case '\\':
			if next|0x20 == 'u' || next|0x20 == 'x' || next >= '0' && next <= '7' {
				n++
			}
		case '+':
			if hexTable[next] != none && i > 0 && in.Text[i-1]|0x20 == 'u' {
				n++
			}
		case '&':
			n++
		}
	}
	return n >= minEscapes
}
