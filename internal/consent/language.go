package consent

import (
	"embed"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed words/*.txt
var wordFiles embed.FS

// languages are read once; nothing changes them afterwards. The order decides between languages that fit equally well.
var languages = readLanguages("en", "de", "it", "fr", "es", "pt", "nl")

// common are the words that distinguish no row from another: articles, pronouns and the like of all languages.
var common = readCommon()

// foreign has frequent words of languages that we do not read, so that they are not taken for one that we do.
var foreign = readForeign()

// A group is what the phrases of one or more lines of a vocabulary mean.
//
// In front of a verb: fill ("please"), greeting, request ("can you"), wish ("I want to"), intent ("I need to", which is
// a question where the sentence ends in "?"), addressee ("you", in those three), clitic ("me"). tentative has those
// requests and verbs that only give an idea ("how about").
//
// Verbs: create and create-with-a-table ("create events"), add (create, or update a row that follows), update, set
// (update to a value that may stand last: "mark it done"), invite (to an event that is there), complete, cancel (update
// or delete), delete, notify, index, open (asks for something without naming it), read (changes nothing), touch ("don't
// touch anything"). Participles: updated, deleted, created, after modal ("should be"). blocker: a verb at the end is no
// order after it ("Bob will …"). endings: pronouns that are written at the end of a verb.
//
// Rows: the tables' nouns, singular | plural; other (nouns of no table, such as "report"); the sets all, overdue, done,
// unfinished, progress, urgent, high, medium, low, next, last; todo and status ("priority") in values; vague ("old");
// except; column ("due date"); else ("anything else"); pronoun; relative ("which").
//
// Prepositions and articles: target ("to") and start ("at") before a new value, into ("turn into tasks"), recipient,
// honorific ("Mr"), from, modifier (all of them), that (before a text), definite, indefinite.
//
// Sentences: question and yesno (first words of a question), not, without, if, say (others' words), infinitive (what
// they say follows), subject, is, finished and finishers (facts), and, or, but, yes, no, ask (an assistant proposes).
//
// Time: days, units and months (name=number) that a date may have, clock ("pm"), lengths ("hours"), translate
// (words=words that package dates reads).
//
// stop has all other words that name no row.
type group string

// phrase is one entry of a group.
type phrase struct {
	group    group
	words    []string
	particle []string // of a separable verb
	plural   bool
}

// language is the vocabulary of one language.
type language struct {
	name      string              // two letters
	phrases   map[string][]phrase // by first word
	known     map[string]bool     // every word but those of open classes
	endings   []string            // pronouns that are written at the end of a verb
	finishers bool                // whether a fact needs one of them: "ich habe … erledigt"
	suffixes  []string            // nouns that end compounds
	translate map[string]string
	months    map[string]time.Month
	verbLast  bool // verbs may stand at the end
	nounLast  bool // the noun of "website task" stands last
}

var tables = []group{"tasks", "projects", "notes", "clients", "checkpoints", "taskComments", "events", "emails",
	"documents"}

var verbGroups = []group{"create", "create events", "create notes", "create emails", "create taskComments", "add",
	"update", "set", "complete", "cancel", "delete", "notify", "index", "invite", "open", "read"}

func readLanguages(names ...string) []*language {
	list := make([]*language, 0, len(names))
	for _, name := range names {
		l := readLanguage(name)
		l.verbLast = name == "de" || name == "nl"
		l.nounLast = name == "en" || l.verbLast
		list = append(list, l)
	}
	return list
}

// umlauts are often typed with two letters.
var umlauts = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue")

func readLanguage(name string) *language {
	l := &language{name: name, phrases: map[string][]phrase{}, known: map[string]bool{},
		translate: map[string]string{}, months: map[string]time.Month{}}
	for key, value := range lines(name) {
		g := group(key)
		for i, part := range strings.Split(value, "|") {
			for entry := range strings.SplitSeq(part, ",") {
				l.add(g, entry, i == 1)
				if plain := umlauts.Replace(entry); plain != entry {
					l.add(g, plain, i == 1)
				}
			}
		}
	}
	return l
}

// lines yields the key and the value of each line of a vocabulary.
func lines(name string) func(yield func(string, string) bool) {
	data, err := wordFiles.ReadFile("words/" + name + ".txt")
	if err != nil {
		panic(err) // a file that is compiled in
	}
	return func(yield func(string, string) bool) {
		for line := range strings.Lines(string(data)) {
			key, value, found := strings.Cut(line, ":")
			if found && !strings.HasPrefix(line, "#") && !yield(key, value) {
				return
			}
		}
	}
}

func (l *language) add(g group, entry string, plural bool) {
	entry, value, _ := strings.Cut(strings.TrimSpace(entry), "=")
	verb, particle, _ := strings.Cut(entry, "..")
	p := phrase{group: g, words: words(verb), particle: words(particle), plural: plural}
	if len(p.words) == 0 {
		return
	}
	switch g {
	case "endings":
		l.endings = append(l.endings, p.words[0])
	case "finishers":
		l.finishers = true
	case "translate":
		l.translate[strings.Join(p.words, " ")] = value
	case "months":
		n, err := strconv.Atoi(value)
		if err != nil {
			panic("consent: " + entry + " has no number")
		}
		l.months[p.words[0]] = time.Month(n)
	}
	if slices.Contains(tables, g) && len(p.words) == 1 && len(p.words[0]) >= 4 {
		l.suffixes = append(l.suffixes, p.words[0])
	}
	l.phrases[p.words[0]] = append(l.phrases[p.words[0]], p)
	if g == "other" || len(p.particle) > 0 || len(p.words) > 1 && (isVerb(g) || slices.Contains(tables, g)) {
		return
	}
	for _, w := range p.words {
		l.known[w] = true
	}
}

func isVerb(g group) bool {
	for _, v := range verbGroups {
		if g == v {
			return true
		}
	}
	return false
}

func readCommon() map[string]bool {
	set := map[string]bool{}
	for _, l := range languages {
		for w := range l.phrases {
			if l.in(w, "stop", "pronoun", "all") {
				set[w] = true
			}
		}
	}
	return set
}

// readForeign leaves out the words that are also words of a language that we read.
func readForeign() map[string]bool {
	set := map[string]bool{}
	for _, value := range lines("other") {
		for _, w := range words(value) {
			if !slices.ContainsFunc(languages, func(l *language) bool { return l.known[w] }) {
				set[w] = true
			}
		}
	}
	return set
}

// match returns the longest phrase of the group at the token i, or a length of 0. Quoted tokens match nothing.
func (l *language) match(g group, toks []token, i int) (phrase, int) {
	var best phrase
	if i >= len(toks) || toks[i].quoted {
		return best, 0
	}
	n := 0
	for _, p := range l.phrases[toks[i].word] {
		if p.group == g && len(p.words) > n && hasWords(toks, i, p.words) &&
			hasParticle(toks, i+len(p.words), p.particle) {
			best, n = p, len(p.words)
		}
	}
	return best, n
}

func hasWords(toks []token, i int, want []string) bool {
	if i+len(want) > len(toks) {
		return false
	}
	for k, w := range want {
		if toks[i+k].word != w || toks[i+k].quoted {
			return false
		}
	}
	return true
}

// maxParticle is how many tokens after the verb its particle may stand.
const maxParticle = 40

func hasParticle(toks []token, from int, particle []string) bool {
	return len(particle) == 0 || findParticle(toks, from, particle) >= 0
}

func findParticle(toks []token, from int, particle []string) int {
	for i := from; i < min(len(toks), from+maxParticle); i++ {
		if hasWords(toks, i, particle) {
			return i
		}
	}
	return -1
}

// has reports whether any token is in the group.
func (l *language) has(g group, toks []token) bool {
	return l.index(g, toks) >= 0
}

// in reports whether the word alone is in one of the groups.
func (l *language) in(w string, groups ...group) bool {
	return slices.ContainsFunc(l.phrases[w], func(p phrase) bool {
		return len(p.words) == 1 && slices.Contains(groups, p.group)
	})
}

// index returns the first token at which a phrase of the group begins, or -1.
func (l *language) index(g group, toks []token) int {
	for i := range toks {
		if _, n := l.match(g, toks, i); n > 0 {
			return i
		}
	}
	return -1
}
