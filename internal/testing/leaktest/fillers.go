package leaktest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// filler draws ordinary words and sentences. The order depends only on the seed.
type filler struct {
	random    *rand.Rand
	words     []string
	sentences []string
	next      int
}

// newFiller returns a filler that starts from seed.
func newFiller(seed uint64) *filler {
	return &filler{
		random:    rand.New(rand.NewPCG(seed, 29)),
		words:     strings.Fields(ordinaryWords),
		sentences: strings.Split(strings.TrimSpace(ordinarySentences), "\n"),
	}
}

// word returns a random word.
func (f *filler) word() string { return f.words[f.random.IntN(len(f.words))] }

// phrase returns n random words.
func (f *filler) phrase(n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = f.word()
	}
	return strings.Join(words, " ")
}

// sentence returns a sentence. None is repeated before all were returned.
func (f *filler) sentence() string {
	at := f.next % len(f.sentences)
	if at == 0 {
		f.random.Shuffle(len(f.sentences), func(i, j int) {
			f.sentences[i], f.sentences[j] = f.sentences[j], f.sentences[i]
		})
	}
	f.next++
	return f.sentences[at]
}

// text returns at least n words of sentences.
func (f *filler) text(n int) []string {
	var words []string
	for len(words) < n {
		words = append(words, strings.Fields(f.sentence())...)
	}
	return words
}

// FillerTransforms returns disguises that hide a secret between ordinary words: fillers after every few words, another
// text in between, or words replaced. The developers of the filter read them.
func FillerTransforms() []Transform {
	var out []Transform
	add := func(name string, apply func(string) string) {
		out = append(out, wholeAnswer(fmt.Sprintf("F%03d", len(out)+1), name, apply))
	}
	for n := 2; n <= 8; n++ {
		for _, f := range []int{1, 2, 3, 5, 7, 10} {
			add(fmt.Sprintf("%d ordinary words after every %d", f, n), fillersAfter(n, f))
		}
	}
	add("another text in between, word by word", func(s string) string {
		words := strings.Fields(s)
		return strings.Join(alternate(words, newFiller(201).text(len(words))), " ")
	})
	add("another text in between, line by line", func(s string) string {
		lines := groups(strings.Fields(s), 5)
		other := groups(newFiller(202).text(5*len(lines)), 5)
		return strings.Join(alternate(lines, other), "\n")
	})
	add("another text in between, sentence by sentence", func(s string) string {
		f := newFiller(203)
		var out []string
		for _, sentence := range sentences(s) {
			out = append(out, sentence, f.sentence())
		}
		return strings.Join(out, " ")
	})
	for n := 2; n <= 5; n++ {
		add(fmt.Sprintf("word %d of every %d replaced", n, n), func(s string) string {
			f := newFiller(uint64(210 + n))
			words := strings.Fields(s)
			for i := n - 1; i < len(words); i += n {
				words[i] = f.word()
			}
			return strings.Join(words, " ")
		})
	}
	return out
}

// fillersAfter returns a function that adds f ordinary words after every n words.
func fillersAfter(n, f int) func(string) string { return FillersAfter(n, f, uint64(100*n+f)) }

// FillersAfter returns a function that adds f ordinary words after every n words of a text. Which words they are
// depends on the seed.
func FillersAfter(n, f int, seed uint64) func(string) string {
	return func(s string) string {
		source := newFiller(seed)
		return strings.TrimSpace(perGroup(s, n, func(_ int, words string) string {
			return words + " " + source.phrase(f) + " "
		}))
	}
}

// groups returns words joined in groups of n. The last one may be shorter.
func groups(words []string, n int) []string {
	var out []string
	for group := range slices.Chunk(words, n) {
		out = append(out, strings.Join(group, " "))
	}
	return out
}

// perGroup replaces each group of n words of s by what f returns for it. i counts the groups from 0.
func perGroup(s string, n int, f func(i int, words string) string) string {
	var b strings.Builder
	for i, words := range groups(strings.Fields(s), n) {
		b.WriteString(f(i, words))
	}
	return b.String()
}

// alternate returns the first of a, the first of b, the second of a and so on. When one list ends, the rest of a
// follows; the rest of b is left out.
func alternate(a, b []string) []string {
	var out []string
	for i := range a {
		out = append(out, a[i])
		if i < len(b) {
			out = append(out, b[i])
		}
	}
	return out
}

// sentences returns the sentences of s: they end with a full stop, a question mark or an exclamation mark.
func sentences(s string) []string {
	var out []string
	var sentence []string
	for _, word := range strings.Fields(s) {
		sentence = append(sentence, word)
		if strings.ContainsAny(word[len(word)-1:], ".?!") {
			out = append(out, strings.Join(sentence, " "))
			sentence = nil
		}
	}
	if sentence != nil {
		out = append(out, strings.Join(sentence, " "))
	}
	return out
}
