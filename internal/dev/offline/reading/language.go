package reading

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/adiuva/cloud-api/internal/fold"
)

//go:embed rules.yaml words/*.yaml
var data embed.FS

// codes are the languages, in the order in which they win a tie.
func codes() []string { return []string{"en", "de", "it"} }

// Language has the words of one language.
type Language struct {
	Code     string
	Concepts map[string][]string `yaml:"concepts"`
	Fill     []string            `yaml:"fill"` // words that say nothing about what is meant
	Lead     []string            `yaml:"lead"` // what may stand before an order
	Link     []string            `yaml:"link"` // what may stand between an order and a title
	To       []string            `yaml:"to"`   // what stands before a target
	And      []string            `yaml:"and"`
	With     []string            `yaml:"with"`     // what stands before a person whom one meets
	Plural   []string            `yaml:"plural"`   // words for several tasks
	Articles []string            `yaml:"articles"` // what may stand before a title and is no part of it
	Adverbs  []string            `yaml:"adverbs"`
	Third    map[string]string   `yaml:"third"` // words about a third person, as one says them to that person
	Particle []string            `yaml:"particles"`
	Generic  []string            `yaml:"generic"`
	VerbLast bool                `yaml:"verb_last"`
	Offer    []string            `yaml:"offer"` // how an assistant asks whether it shall do something
	Me       []string            `yaml:"me"`
	Definite []string            `yaml:"definite"` // articles for a row that is there
	Numbers  map[string]int      `yaml:"numbers"`
	Texts    map[string]string   `yaml:"say"`

	phrases map[string][]phrase // by their first word
	affixes []phrase            // of one word that begins or ends with a star
	offer   [][]string
	fill    map[string]bool
	lead    [][]string
	and     [][]string
}

// phrase is a sequence of folded words that stands for a concept.
type phrase struct {
	words   []string
	concept string
}

// Reader reads messages. It is immutable and safe for concurrent use.
type Reader struct {
	languages []*Language
	other     *Language // words of languages that the reader does not know
	rules     []Rule
	agents    map[string]string // by intent
	byTable   map[string]bool
	tables    map[string]string // agents by concept
}

// New returns a reader with the embedded words and rules. It fails for a rule that names an unknown concept.
func New() (*Reader, error) {
	r := &Reader{agents: map[string]string{}, byTable: map[string]bool{}}
	for _, code := range append(codes(), "other") {
		l := &Language{Code: code}
		text, err := data.ReadFile("words/" + code + ".yaml")
		if err != nil {
			return nil, err
		}
		if err := yaml.Unmarshal(text, l); err != nil {
			return nil, fmt.Errorf("words/%s.yaml: %w", code, err)
		}
		l.index()
		if code == "other" {
			r.other = l
			break
		}
		r.languages = append(r.languages, l)
	}
	if err := r.loadRules(); err != nil {
		return nil, fmt.Errorf("rules.yaml: %w", err)
	}
	return r, nil
}

func (l *Language) index() {
	l.phrases, l.fill = map[string][]phrase{}, map[string]bool{}
	for _, concept := range slices.Sorted(maps.Keys(l.Concepts)) { // a message is always read the same way
		for _, text := range l.Concepts[concept] {
			p := phrase{foldedWords(text), concept}
			switch {
			case strings.Contains(text, "*"):
				p.words = []string{strings.ReplaceAll(fold.Line(text), " ", "")}
				l.affixes = append(l.affixes, p)
			case len(p.words) > 0:
				l.phrases[p.words[0]] = append(l.phrases[p.words[0]], p)
			}
		}
	}
	for _, word := range l.Fill {
		for _, one := range foldedWords(word) {
			l.fill[one] = true
		}
	}
	for _, text := range l.Lead {
		l.lead = append(l.lead, foldedWords(text))
	}
	for _, text := range l.Offer {
		l.offer = append(l.offer, foldedWords(text))
	}
	for _, text := range l.And {
		l.and = append(l.and, foldedWords(text))
	}
}

// Text returns a sentence of the language with its values: a list of names and values for its "{name}".
func (l *Language) Text(key string, values ...string) string {
	for i := 0; i+1 < len(values); i += 2 {
		values[i] = "{" + values[i] + "}"
	}
	return strings.NewReplacer(values[:len(values)/2*2]...).Replace(l.Texts[key])
}

// Language returns the language of the code, or the first one.
func (r *Reader) Language(code string) *Language {
	for _, l := range r.languages {
		if l.Code == code {
			return l
		}
	}
	return r.languages[0]
}

// detect returns the language that has most of the words, or else most of those of the earlier message. It returns
// false when the message is in a language that the reader does not know: then the first language is for the answer.
func (r *Reader) detect(tokens, earlier []token) (*Language, bool) {
	best, most, words := r.languages[0], 0, 0
	for _, l := range r.languages {
		n := l.count(tokens)
		words = max(words, n)
		if n = 3*n + min(l.count(earlier), 2); n > most {
			best, most = l, n
		}
	}
	if n := r.other.count(tokens); n > 1 && 2*n > words || n > words {
		return r.languages[0], false
	}
	return best, true
}

// longestAt returns how many words the longest phrase at a token has, or 0.
func (l *Language) longestAt(tokens []token, i int) (longest int) {
	for _, m := range l.matchesAt(tokens, i) {
		longest = max(longest, m.to-m.from)
	}
	return longest
}

// count returns how many of the words belong to the language.
func (l *Language) count(tokens []token) (n int) {
	for i, t := range tokens {
		if l.fill[t.folded] {
			n++
		}
		if longest := l.longestAt(tokens, i); longest > 0 {
			n += longest
			if i == 0 { // orders and questions begin with the word that says what they are
				n++
			}
		}
	}
	return n
}
