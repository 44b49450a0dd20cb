package tokens_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/quick"

	"github.com/adiuva/cloud-api/internal/tokens"
)

// TestCountIsCloseToATokenizers compares the counts with those of o200k_base on texts that the weights were not fitted
// to: prose in ten languages, rows of a workspace as JSON, and code.
func TestCountIsCloseToATokenizers(t *testing.T) {
	t.Parallel()
	encoding := tokenizer(t)
	files, err := filepath.Glob("testdata/*")
	check(t, err)
	if len(files) < 12 {
		t.Fatalf("only %d texts were found", len(files))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(t, err)
		got, want := tokens.Count(string(text)), len(encoding.EncodeOrdinary(string(text)))
		off := 100 * (float64(got)/float64(want) - 1)
		t.Logf("%s: %d of %d, %+.1f %%", filepath.Base(file), got, want, off)
		if math.Abs(off) > 15 {
			t.Errorf("%s: %d tokens, the tokenizer counts %d: %+.1f %%", file, got, want, off)
		}
	}
}

func TestCountIsBetweenOneAndTheBytes(t *testing.T) {
	t.Parallel()
	if got := tokens.Count(""); got != 0 {
		t.Errorf("nothing has %d tokens", got)
	}
	inRange := func(text string) bool {
		got := tokens.Count(text)
		return text == "" || got >= 1 && got <= len(text)
	}
	long := strings.Repeat("z", 1_000)
	for _, text := range []string{"a", " ", "\x00", "\xff\xfe", strings.Repeat("!;", 1_000), long} {
		if !inRange(text) {
			t.Errorf("%.20q has %d tokens and %d bytes", text, tokens.Count(text), len(text))
		}
	}
	if err := quick.Check(inRange, nil); err != nil {
		t.Error(err)
	}
}

func TestCountAllocatesNothing(t *testing.T) {
	text := strings.Repeat("Which of my tasks are due? ", 400)
	if n := testing.AllocsPerRun(10, func() { tokens.Count(text) }); n != 0 {
		t.Errorf("%.0f allocations", n)
	}
}

func BenchmarkCountTenKilobytes(b *testing.B) {
	text := strings.Repeat("Quali attività sono in scadenza domani? ", 300)[:10_000]
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		tokens.Count(text)
	}
}
