package sanitize_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/leakhistory"
	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

// longSecret is longer than what an account's answers may have of one secret in an hour.
func longSecret() string {
	var texts []string
	for _, s := range leaktest.Secrets() {
		texts = append(texts, s.Text)
	}
	return strings.Join(texts, "\n")
}

// pieces returns groups of n words of text that have between 14 and 24 letters.
func pieces(text string, n int) (list []string) {
	words := strings.Fields(text)
	for i := 0; i+n <= len(words); i += n {
		piece := strings.Join(words[i:i+n], " ")
		if size := countLetters(piece); size >= 14 && size <= 24 && !strings.Contains(piece, "[ref") {
			list = append(list, piece)
		}
	}
	return list
}

func countLetters(text string) (n int) {
	for _, r := range strings.ToLower(text) {
		if r >= 'a' && r <= 'z' {
			n++
		}
	}
	return n
}

func answerWith(piece string) string {
	return "As you asked, here is one more: " + piece + ". Quite long, eh?"
}

// newStore returns a store in memory whose clock is at *now.
func newStore(t *testing.T, f *sanitize.Filter, now *time.Time) *leakhistory.Store {
	t.Helper()
	store, err := leakhistory.New(leakhistory.Config{Digest: f.Digest(), Now: func() time.Time { return *now }})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestManyAnswersWithALittleEachAddUp(t *testing.T) {
	t.Parallel()
	f := sanitize.New(sanitize.Secret{ID: "long", Text: longSecret()})
	now := time.Date(2026, 11, 30, 9, 30, 0, 0, time.UTC)
	store := newStore(t, f, &now)
	passed := func(account, piece string) bool {
		_, hit := f.Scope().Remember(store.For(account)).Text(answerWith(piece))
		if hit != nil && (hit.View != "pieces of many answers" || hit.SecretID != "long") {
			t.Errorf("hit %+v", *hit)
		}
		return hit == nil
	}
	list := pieces(longSecret(), 4)
	sent := 0
	for _, p := range list {
		if passed("anna", p) {
			sent += countLetters(p)
		}
	}
	if sent > 600 || sent < 400 {
		t.Errorf("%d letters were sent in %d answers, want 600 at most and not far less", sent, len(list))
	}
	last := list[len(list)-1]
	if countLetters(last) < 18 || passed("anna", last) {
		t.Errorf("%q passed after the limit", last)
	}
	if _, hit := f.Scope().Remember(store.For("anna")).Text(sanitize.FallbackAnswer); hit != nil {
		t.Errorf("an answer without a piece was stopped after the limit: %+v", *hit)
	}
	if !passed("leo", last) {
		t.Error("another account was stopped")
	}
	if now = now.Add(59 * time.Minute); passed("anna", last) {
		t.Error("a piece passed within the hour")
	}
	if now = now.Add(2 * time.Hour); !passed("anna", last) {
		t.Error("the account was still stopped after the hour")
	}
}

// TestDisguisedPiecesAddUp gives pieces away in other views than plain letters.
func TestDisguisedPiecesAddUp(t *testing.T) {
	t.Parallel()
	f := sanitize.New(sanitize.Secret{ID: "long", Text: longSecret()})
	tested := 0
	for _, tr := range leaktest.Transforms() {
		if !slices.Contains([]string{"reversed characters", "ROT13", "hex", "spaced letters"}, tr.Name) {
			continue
		}
		tested++
		now := time.Date(2026, 11, 30, 9, 30, 0, 0, time.UTC)
		store := newStore(t, f, &now)
		sent := 0
		for _, p := range pieces(longSecret(), 4) {
			if countLetters(p) < 15 {
				continue // may be between two seeds of the indexes of these views
			}
			if _, hit := f.Scope().Remember(store.For("anna")).Text(tr.Apply(p)); hit == nil {
				sent += countLetters(p)
			}
		}
		if sent > 600 {
			t.Errorf("%s: %d letters were sent, want at most 600", tr.Name, sent)
		}
	}
	if tested != 4 {
		t.Errorf("%d disguises were tested", tested)
	}
}

func TestPhrasesThatReturnCountOnce(t *testing.T) {
	t.Parallel()
	f := newFilter()
	now := time.Now()
	store := newStore(t, f, &now)
	phrase := pieces(leaktest.Secrets()[0].Text, 4)[2]
	for range 1000 {
		if _, hit := f.Scope().Remember(store.For("anna")).Text(answerWith(phrase)); hit != nil {
			t.Fatalf("a phrase that returns was stopped: %+v", *hit)
		}
	}
}

// TestBenignAnswersOfOneAccountPass lets one account have all benign answers in one hour.
func TestBenignAnswersOfOneAccountPass(t *testing.T) {
	t.Parallel()
	f := newFilter()
	now := time.Now()
	store := newStore(t, f, &now)
	for _, text := range leaktest.Benign() {
		if _, hit := f.Scope().Remember(store.For("anna")).Text(text); hit != nil {
			t.Errorf("false alarm %+v: %.160q", *hit, text)
		}
	}
}

func TestWhatTheCallerSentIsNotAdded(t *testing.T) {
	t.Parallel()
	f := sanitize.New(sanitize.Secret{ID: "long", Text: longSecret()})
	now := time.Now()
	store := newStore(t, f, &now)
	for _, p := range pieces(longSecret(), 4) {
		if _, hit := f.Scope("Is it: " + p + "?").Remember(store.For("anna")).Text(answerWith(p)); hit != nil {
			t.Fatalf("an echo was stopped: %+v", *hit)
		}
	}
}

// TestWhatWasEmittedCounts breaks streams off after their pieces were emitted.
func TestWhatWasEmittedCounts(t *testing.T) {
	t.Parallel()
	f := sanitize.New(sanitize.Secret{ID: "long", Text: longSecret()})
	now := time.Now()
	store := newStore(t, f, &now)
	var emitted strings.Builder
	sent := 0
	for _, p := range pieces(longSecret(), 4) {
		emitted.Reset()
		st := f.Scope().Remember(store.For("anna")).Stream(func(part string) error {
			emitted.WriteString(part)
			return nil
		})
		_ = st.Write(answerWith(p) + strings.Repeat(" No meetings clash this week, as far as I can see.", 16))
		if strings.Contains(emitted.String(), p) {
			sent += countLetters(p)
		}
	}
	if sent > 600 || sent < 400 {
		t.Errorf("%d letters were sent in answers that broke off, want 600 at most and not far less", sent)
	}
}

// TestAnswersAtTheSameTimeCountTogether writes many answers of one account in turn, each of which has one more piece.
func TestAnswersAtTheSameTimeCountTogether(t *testing.T) {
	t.Parallel()
	f := sanitize.New(sanitize.Secret{ID: "long", Text: longSecret()})
	now := time.Now()
	store := newStore(t, f, &now)
	list := pieces(longSecret(), 4)
	streams := make([]*sanitize.Stream, len(list))
	emitted := make([]strings.Builder, len(list))
	for i := range streams {
		streams[i] = f.Scope().Remember(store.For("anna")).Stream(func(part string) error {
			emitted[i].WriteString(part)
			return nil
		})
	}
	for i, p := range list {
		_ = streams[i].Write(answerWith(p))
	}
	sent := 0
	for i, p := range list {
		_ = streams[i].Close()
		if strings.Contains(emitted[i].String(), p) {
			sent += countLetters(p)
		}
	}
	if sent > 600 {
		t.Errorf("%d letters were sent in %d answers, want 600 at most", sent, len(list))
	}
}

// emptyHistory has nothing, like one that failed.
type emptyHistory struct{}

func (emptyHistory) Add(context.Context, []int) []byte { return nil }

func TestAnswersPassWithoutTheirHistory(t *testing.T) {
	t.Parallel()
	text := answerWith(pieces(leaktest.Secrets()[0].Text, 4)[2])
	if clean, hit := newFilter().Scope().Remember(emptyHistory{}).Text(text); hit != nil || clean != text {
		t.Errorf("got hit %v", hit)
	}
}

func TestDigestNamesTheSecrets(t *testing.T) {
	t.Parallel()
	one := newFilter().Digest()
	if again := newFilter().Digest(); len(one) != 16 || again != one {
		t.Errorf("the same secrets have the digests %q and %q", one, again)
	}
	if other := sanitize.New(sanitize.Secret{ID: "long", Text: longSecret()}).Digest(); other == one {
		t.Errorf("other secrets have the digest %q as well", other)
	}
}
