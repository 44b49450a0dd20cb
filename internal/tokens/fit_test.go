package tokens_test

import (
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pkoukk/tiktoken-go"
	loader "github.com/pkoukk/tiktoken-go-loader"

	"github.com/adiuva/cloud-api/internal/tokens"
)

var fitFolder = flag.String("fit", "", "fit weights.bin to the tokenizer's counts of the texts in this folder")

// tokenizer returns o200k_base, whose vocabulary is a part of the test.
func tokenizer(t testing.TB) *tiktoken.Tiktoken {
	t.Helper()
	tiktoken.SetBpeLoader(loader.NewOfflineLoader())
	encoding, err := tiktoken.GetEncoding(tiktoken.MODEL_O200K_BASE)
	check(t, err)
	return encoding
}

// sample is a piece of text: how often it has each pair of classes, and its tokens.
type sample struct {
	pairs  []int32
	counts []float64
	tokens float64
}

const (
	sampleBytes = 1_500
	maxSamples  = 600 // of one file, so that no language outweighs the others
	prior       = 0.3 // of the weight of a pair that the texts do not have
	rounds      = 60
)

// TestFitWeights writes weights.bin. It needs -fit and a folder of texts: prose in as many languages as possible, code
// and JSON, each file of one kind. Minimises the squared relative error by coordinate descent, with weights that are
// not negative and a pull towards the prior.
func TestFitWeights(t *testing.T) {
	if *fitFolder == "" {
		t.Skip("fits the weights only with -fit FOLDER")
	}
	encoding := tokenizer(t)
	files, err := filepath.Glob(filepath.Join(*fitFolder, "*"))
	check(t, err)
	random := rand.New(rand.NewPCG(1, 2))
	var samples []sample
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(t, err)
		for range min(maxSamples, len(text)/sampleBytes) {
			size := sampleBytes/3 + random.IntN(sampleBytes)
			at := random.IntN(max(len(text)-size, 1))
			piece := strings.ToValidUTF8(string(text[at:min(at+size, len(text))]), "")
			samples = append(samples, newSample(piece, len(encoding.EncodeOrdinary(piece))))
		}
	}
	weights := descend(samples)
	out := make([]byte, len(weights))
	for i, w := range weights {
		out[i] = byte(math.Round(min(w*tokens.Scale, 255)))
	}
	check(t, os.WriteFile("weights.bin", out, 0o644))
	t.Logf("%d samples of %d files", len(samples), len(files))
}

func newSample(piece string, n int) sample {
	found := map[int32]float64{}
	previous := tokens.ClassOf(' ')
	for i := range len(piece) {
		class := tokens.ClassOf(piece[i])
		found[int32(previous*tokens.Classes+class)]++
		previous = class
	}
	s := sample{tokens: float64(n)}
	for pair, count := range found {
		s.pairs, s.counts = append(s.pairs, pair), append(s.counts, count)
	}
	return s
}

// descend returns the weights by pair of classes.
func descend(samples []sample) []float64 {
	type occurrence struct {
		sample int
		share  float64 // occurrences by token of the sample
	}
	byPair := make([][]occurrence, tokens.Classes*tokens.Classes)
	errors := make([]float64, len(samples)) // relative
	for i, s := range samples {
		errors[i] = -1
		for j, pair := range s.pairs {
			share := s.counts[j] / s.tokens
			byPair[pair] = append(byPair[pair], occurrence{i, share})
			errors[i] += share * prior
		}
	}
	weights := make([]float64, len(byPair))
	for i := range weights {
		weights[i] = prior
	}
	const pull = 0.002
	for range rounds {
		for pair, list := range byPair {
			slope, curve := pull*(weights[pair]-prior), pull
			for _, o := range list {
				slope += errors[o.sample] * o.share
				curve += o.share * o.share
			}
			changed := max(weights[pair]-slope/curve, 0)
			for _, o := range list {
				errors[o.sample] += (changed - weights[pair]) * o.share
			}
			weights[pair] = changed
		}
	}
	return weights
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
