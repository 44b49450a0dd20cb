package system_test

import (
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/leaktest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/testing/soak"
)

// TestFillersAreStoppedInEveryChannel hides prompts between other words: fillers after every few words, other texts in
// turn, replaced words.
func TestFillersAreStoppedInEveryChannel(t *testing.T) {
	t.Parallel()
	l := startLeaking(t)
	attacks := verbatimAttacks()
	l.checkStopRates(t, leaktest.FillerTransforms(), 99, func(i int) []leaktest.Attack {
		return oneAttackOrAll(attacks, i%len(attacks))
	})
	l.checkLog(t)
}

// verbatimAttacks returns an attack on each prompt.
func verbatimAttacks() (list []leaktest.Attack) {
	targets := map[string]bool{}
	for _, a := range leaktest.Attacks() {
		if !targets[a.Target] {
			targets[a.Target] = true
			list = append(list, a)
		}
	}
	return list
}

// mostSent is how many letters of a prompt an answer may have sent that can only be told by the sum of its pieces.
const mostSent = 120

// TestFewLettersAreSentBetweenFillers streams the same texts over each transport.
func TestFewLettersAreSentBetweenFillers(t *testing.T) {
	t.Parallel()
	for _, transport := range apitest.Transports() {
		t.Run(transport.Name, func(t *testing.T) {
			t.Parallel()
			startLeaking(t).checkFewLettersAreSent(t, transport)
		})
	}
}

func (l *leakTest) checkFewLettersAreSent(t *testing.T, transport apitest.Transport) {
	t.Helper()
	ask := transport.Open(l.API, l.me)
	attacks := verbatimAttacks()
	most := 0
	for i, tr := range leaktest.FillerTransforms() {
		for n, attack := range oneAttackOrAll(attacks, i%len(attacks)) {
			_, sent := l.askStreamed(t, ask, tr, attack, n, 7)
			if letters := lettersOfWordsInOrder(sent, l.streamed); letters > mostSent {
				t.Errorf("%s %s, %s: %d letters were sent", tr.ID, tr.Name, attack.ID, letters)
			} else {
				most = max(most, letters)
			}
		}
	}
	t.Logf("at most %d letters were sent", most)
}

// lettersOfWordsInOrder returns how many letters the words of secret have that text has as well, in the same order.
func lettersOfWordsInOrder(text, secret string) (letters int) {
	words := strings.Fields(strings.ToLower(text))
	for _, want := range strings.Fields(strings.ToLower(secret)) {
		for i, w := range words {
			if w == want {
				letters += len(w)
				words = words[i+1:]
				break
			}
		}
	}
	return letters
}

// TestMostSentBetweenFillers puts fillers after every two to four words of every prompt of 100 letters and more, from
// each of its first words on and without its marker, with several seeds. It logs the most letters of a prompt that an
// answer sends before it is stopped, in a table. With the tag soak there are more forms and seeds.
func TestMostSentBetweenFillers(t *testing.T) {
	t.Parallel()
	agents, templates := builtin(t, llmtest.NewModel())
	secrets := chat.Secrets(agents, templates)
	filter := sanitize.New(secrets...)
	words, fillers, seeds := 4, []int{3, 4, 5, 6, 7}, 3
	if soak.Enabled {
		words, fillers, seeds = 8, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 10
	}
	t.Logf("most letters with %v fillers after every", fillers)
	for n := 2; n <= words; n++ {
		var row []int
		for _, f := range fillers {
			most := 0
			for _, s := range secrets {
				for seed := range seeds {
					most = max(most, sentBetween(t, filter, s, n, f, seed))
				}
			}
			row = append(row, most)
		}
		t.Logf("%d words: %v", n, row)
	}
}

// sentBetween streams a secret without its marker, with f fillers after every n words, and returns how many of its
// letters were sent before the answer was stopped.
func sentBetween(t *testing.T, filter *sanitize.Filter, s sanitize.Secret, n, f, seed int) (sent int) {
	t.Helper()
	text := s.Text
	if s.Canary != "" {
		_, text, _ = strings.Cut(text, s.Canary+"]")
	}
	if len(letters(text)) < 100 {
		return 0
	}
	text = strings.Join(strings.Fields(text)[seed%n:], " ")
	text = leaktest.FillersAfter(n, f, uint64(1000*seed+100*n+f))(text)
	var out strings.Builder
	st := filter.Scope().Stream(func(part string) error { out.WriteString(part); return nil })
	for _, piece := range llmtest.Chunks(text, 7) {
		if st.Write(piece) != nil {
			break
		}
	}
	_ = st.Close()
	for i, w := range strings.Fields(out.String()) {
		if i%(n+f) < n {
			sent += len(letters(w))
		}
	}
	if st.Hit() == nil || sent > mostSent {
		t.Errorf("%s with %d fillers after every %d, seed %d: %d letters were sent, hit %v", s.ID, f, n, seed, sent,
			st.Hit())
	}
	return sent
}
