package consent

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/adiuva/cloud-api/internal/fold"
)

const (
	maxMessage   = 64_000 // bytes of the message that are read
	maxTurn      = 16_000 // bytes of a turn of the history
	maxSentences = 400
	maxSentence  = 400 // tokens
)

// foldWord is fold, but leaves the accent on a single letter: "è" is not "e".
func foldWord(w string) string {
	if short := norm.NFC.String(w); utf8.RuneCountInString(short) == 1 {
		return strings.ToLower(short)
	}
	return fold.Text(w)
}

// token is a word of a sentence.
type token struct {
	word   string // folded
	raw    string
	before string // the marks between the token before and this one
	quoted bool   // inside quotation marks: a name, never an order
	named  bool   // begins with a capital
}

// words returns the folded words of a text.
func words(s string) []string {
	toks := tokenize(s)
	list := make([]string, len(toks))
	for i, t := range toks {
		list[i] = t.word
	}
	return list
}

// contracted are the ends of English words that belong to the word before the apostrophe.
var contracted = map[string]bool{"t": true, "d": true, "m": true, "ll": true, "re": true, "ve": true}

// tokenize splits a text into words. "Bob's" is "bob", "don't" is "dont", "l'ufficio" is "l" and "ufficio".
func tokenize(s string) []token {
	var toks []token
	end := 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if !isWordRune(r) {
			i += size
			continue
		}
		start := i
		for i < len(s) {
			r, size = utf8.DecodeRuneInString(s[i:])
			if !isWordRune(r) && !unicode.Is(unicode.Mn, r) && !unicode.Is(unicode.Cf, r) {
				break
			}
			i += size
		}
		first, _ := utf8.DecodeRuneInString(s[start:])
		toks = append(toks, token{word: foldWord(s[start:i]), raw: s[start:i], before: s[end:start],
			named: unicode.IsUpper(first)})
		toks = contract(toks)
		end = i
	}
	return markQuoted(toks, s[end:])
}

func isWordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_'
}

// contract joins the last token with the one before where an apostrophe contracts them in English.
func contract(toks []token) []token {
	n := len(toks) - 1
	if n < 1 || toks[n].before != "'" && toks[n].before != "’" {
		return toks
	}
	last, prev := toks[n], &toks[n-1]
	switch {
	case contracted[last.word]:
		prev.word += last.word
	case last.word == "s" && prev.word == "let":
		prev.word = "lets"
	case last.word != "s":
		return toks
	}
	prev.raw += last.before + last.raw
	return toks[:n]
}

// quotes maps an opening mark to its closing ones.
var quotes = map[rune]string{'"': `"”“`, '“': `”"`, '„': `“”"`, '«': "»", '»': "«", '‚': "‘’", '‘': "’'",
	'\'': "'’", '`': "`", '‹': "›", '「': "」"}

// markQuoted marks the tokens between quotation marks. A mark opens before a word and after a space or another mark;
// without a closing mark the quotation ends with the sentence.
func markQuoted(toks []token, after string) []token {
	closing, from := "", 0
	for i := 0; i <= len(toks); i++ {
		gap := after
		if i < len(toks) {
			gap = toks[i].before
		}
		spaced := i == 0
		for _, r := range gap {
			switch {
			case closing != "" && strings.ContainsRune(closing, r):
				for k := from; k < i; k++ {
					toks[k].quoted = true
				}
				closing = ""
			case closing == "" && quotes[r] != "" && spaced && i < len(toks):
				closing, from = quotes[r], i
			}
			spaced = spaced || !unicode.IsLetter(r) && r != '\'' && r != '’'
		}
	}
	if closing != "" && closing != "'’" && closing != "’'" {
		for k := from; k < len(toks); k++ {
			toks[k].quoted = true
		}
	}
	return toks
}

// sentence is the tokens of a sentence and how it ends.
type sentence struct {
	toks     []token
	question bool
	colon    bool // ends with ":" at the end of its line
	bullet   bool // an item of a list
	gap      bool // an empty line stands before it
}

// sentences returns the sentences of what the person wrote, without quoted mails and code.
func sentences(text string, limit int) []sentence {
	var list []sentence
	fenced, gap := false, false
	for line := range strings.Lines(cut(text, limit)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "```"), strings.HasPrefix(line, "~~~"):
			fenced = !fenced
			continue
		case fenced:
			continue
		case line == "":
			gap = true
			continue
		case strings.HasPrefix(line, ">"), strings.HasPrefix(line, "|"):
			continue
		case startsForwarded(line):
			return list
		}
		item, bullet := cutBullet(line)
		for i, s := range splitLine(item) {
			s.bullet, s.gap = bullet, gap && i == 0
			if list = append(list, s); len(list) >= maxSentences {
				return list
			}
		}
		gap = false
	}
	return list
}

// cut returns at most limit bytes of the text, in whole runes.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// startsForwarded reports whether a line begins the copy of a mail: everything after it is somebody else's text.
func startsForwarded(line string) bool {
	if strings.HasPrefix(line, "-----") || strings.HasPrefix(line, "_____") || strings.HasPrefix(line, "=====") ||
		strings.HasPrefix(line, "***") || strings.HasPrefix(line, "---------- ") {
		return true
	}
	name, value, found := strings.Cut(fold.Text(line), ":")
	if !found {
		return false
	}
	switch strings.Trim(name, " *") {
	case "from", "von", "da", "de", "van":
		return strings.ContainsAny(value, "@<") || strings.Contains(value, "subject:")
	case "subject", "betreff", "oggetto", "objet", "asunto", "assunto", "onderwerp", "begin forwarded message",
		"anfang der weitergeleiteten nachricht", "inizio messaggio inoltrato":
		return true
	}
	return strings.HasSuffix(strings.TrimSpace(line), ":") && strings.ContainsRune(line, '@')
}

// cutBullet returns a line without the mark of a list's item.
func cutBullet(line string) (string, bool) {
	for _, mark := range []string{"- ", "* ", "• ", "– ", "+ ", "[ ] ", "→ "} {
		if rest, ok := strings.CutPrefix(line, mark); ok {
			return strings.TrimPrefix(rest, "[ ] "), true
		}
	}
	digits := len(line) - len(strings.TrimLeft(line, "0123456789"))
	if digits > 0 && digits < 3 && len(line) > digits+1 && strings.ContainsRune(".)", rune(line[digits])) &&
		line[digits+1] == ' ' {
		return strings.TrimSpace(line[digits+1:]), true
	}
	return line, false
}

// splitLine returns the sentences of a line.
func splitLine(line string) []sentence {
	toks := tokenize(line)
	if len(toks) == 0 {
		return nil
	}
	var list []sentence
	from := 0
	for i := 1; i < len(toks); i++ {
		if endsSentence(toks, i) || i-from >= maxSentence {
			list = append(list, sentence{toks: toks[from:i], question: strings.ContainsAny(toks[i].before, "?？")})
			from = i
		}
	}
	tail := line[strings.LastIndex(line, toks[len(toks)-1].raw):]
	return append(list, sentence{toks: toks[from:], question: strings.ContainsAny(tail, "?？"),
		colon: strings.HasSuffix(tail, ":")})
}

// endsSentence reports whether a sentence ends between the tokens i-1 and i.
func endsSentence(toks []token, i int) bool {
	gap := toks[i].before
	if toks[i].quoted && toks[i-1].quoted {
		return false
	}
	at := strings.IndexAny(gap, ".!?;？…。")
	if at < 0 {
		return false
	}
	if gap[at] != '.' {
		return true
	}
	last := toks[i-1].raw
	numbered := last[0] >= '0' && last[0] <= '9' && len(last) <= 2 // "30. März"
	spaced := strings.ContainsAny(gap[at+1:], " \t\u00a0")
	initial := utf8.RuneCountInString(last) == 1 && (toks[i].named || toks[i-1].before == ".") // "J. Smith", "e.g."
	return spaced && !numbered && !initial
}
