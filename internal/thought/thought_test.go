package thought_test

import (
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/thought"
)

var answers = map[string]string{
	"All done.\n":                              "All done.\n",
	"<think>Hm.</think>\n\nAll done.":          "All done.",
	" <think>a</think> <think>b</think> Done.": "Done.",
	"<think>Hm":                                "",
	"Write <think>x</think> around it.":        "Write <think>x</think> around it.",
	"<THINKING>a <b></Thinking>Done.":          "Done.",
	"[THINK]a[/THINK]Done.":                    "Done.",
	"◁think▷a◁/think▷Done.":                    "Done.",
	"<seed:think>a</seed:think>Done.":          "Done.",
	"<|channel>thought\nHm<channel|>Done.":     "Done.",
	"<|channel|>analysis<|message|>Hm<|end|><|start|>assistant<|channel|>final<|message|>Done.<|return|>": "Done.",
	"<|channel|>final<|message|>Done.": "Done.",
	"<th":                              "<th",
	"<table> is a tag":                 "<table> is a tag",
	"  two spaces":                     "  two spaces",
	"":                                 "",
}

func TestWholeTextsLoseTheirThoughts(t *testing.T) {
	t.Parallel()
	for answer, want := range answers {
		if got := thought.Without(answer); got != want {
			t.Errorf("%q is %q, want %q", answer, got, want)
		}
	}
	for answer, want := range map[string]string{ // a stream shows these as they come
		"so I think</think>Done.":                  "Done.",
		"<think>a <think>b</think>c</think> Done.": "Done.",
	} {
		if got := thought.Without(answer); got != want {
			t.Errorf("%q is %q, want %q", answer, got, want)
		}
	}
}

// TestPiecesLoseTheirThoughts cuts each text into pieces of every size.
func TestPiecesLoseTheirThoughts(t *testing.T) {
	t.Parallel()
	for answer, want := range answers {
		for size := 1; size <= len(answer)+1; size++ {
			var f thought.Filter
			if got := feed(&f, answer, size); got != want {
				t.Errorf("%q in pieces of %d is %q, want %q", answer, size, got, want)
			}
		}
	}
}

func TestThoughtMayBeginInThePrompt(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{"I think.</think>\nDone.": "Done.", "Done.": "Done.", "": ""} {
		for size := 1; size <= len(answer)+1; size++ {
			var f thought.Filter
			f.ExpectOpen()
			if got := feed(&f, answer, size); got != want {
				t.Errorf("%q in pieces of %d is %q, want %q", answer, size, got, want)
			}
		}
	}
}

func TestTextIsHeldBackOnlyAsLongAsItMayBeAThought(t *testing.T) {
	t.Parallel()
	var f thought.Filter
	for _, step := range []struct{ piece, want string }{
		{"<", ""}, {"thi", ""}, {"s is", "<this is"}, {" a <think>", " a <think>"},
	} {
		if got := f.Add(step.piece); got != step.want {
			t.Errorf("%q gives %q, want %q", step.piece, got, step.want)
		}
	}
	if !f.Answering() {
		t.Error("the filter still looks for thoughts")
	}
}

func TestLongThoughtsTakeLinearTime(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"<", "<think>", "</", "<|channel|>", " "} {
		var first, open, guess thought.Filter
		guess.ExpectOpen()
		start := time.Now()
		feed(&first, strings.Repeat(part, 1_000_000/len(part)), 1)
		feed(&open, "<think>"+strings.Repeat(part, 1_000_000/len(part)), 1)
		feed(&guess, strings.Repeat(part, 1_000_000/len(part)), 1)
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%q takes %v", part, took)
		}
	}
}

// FuzzFilterIgnoresSplits expects the same text however an answer is cut.
func FuzzFilterIgnoresSplits(f *testing.F) {
	for answer := range answers {
		f.Add(answer, uint8(3))
	}
	f.Fuzz(func(t *testing.T, answer string, size uint8) {
		var whole, cut thought.Filter
		want := whole.Add(answer) + whole.Flush()
		if got := feed(&cut, answer, int(size)+1); got != want {
			t.Errorf("%q in pieces of %d is %q, whole %q", answer, int(size)+1, got, want)
		}
	})
}

func feed(f *thought.Filter, text string, size int) string {
	var b strings.Builder
	for len(text) > 0 {
		n := min(size, len(text))
		b.WriteString(f.Add(text[:n]))
		text = text[n:]
	}
	b.WriteString(f.Flush())
	return b.String()
}

// TestAnswerThatBeginsAtOnceHasNoThoughts asks for every beginning of every text.
func TestAnswerThatBeginsAtOnceHasNoThoughts(t *testing.T) {
	t.Parallel()
	begun := 0
	for answer := range answers {
		for n := range len(answer) {
			var f thought.Filter
			if !f.BeginsAnswer([]byte(answer[:n])) {
				continue
			}
			begun++
			if want := feed(new(thought.Filter), answer, 1); answer[:n]+feed(&f, answer[n:], 1) != want {
				t.Errorf("%q begins %q, although the answer is %q", answer[:n], answer, want)
			}
		}
	}
	if begun == 0 {
		t.Error("no answer begins at once")
	}
}
