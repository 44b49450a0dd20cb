package system_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/leakhistory"
	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/leaktest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// withSecret lets the leak filter look for one secret alone, with a history in memory that runs by the clock.
func withSecret(t *testing.T, model agent.Model, secret string, clock *apitest.Clock) option {
	return func(c *httpapi.Config) {
		_, templates := builtin(t, model)
		filter := sanitize.New(sanitize.Secret{ID: "long", Text: secret})
		histories, err := leakhistory.New(leakhistory.Config{Digest: filter.Digest(), Now: clock.Now})
		check(t, err)
		c.Chat = chat.New(chat.Config{Agents: c.Agents, Model: model, Templates: templates, Log: c.Log,
			Filter: chat.NewFilter(filter, histories.For)})
	}
}

// longText returns a text of some 3,000 letters.
func longText() string {
	var all []string
	for _, s := range leaktest.Secrets() {
		_, text, found := strings.Cut(s.Text, "] ")
		if !found {
			text = s.Text
		}
		all = append(all, text)
	}
	return strings.Join(all, "\n")
}

// groupsOf returns groups of n words of text that have at least a number of letters.
func groupsOf(text string, n, least int) (list []string) {
	words := strings.Fields(text)
	for ; len(words) >= n; words = words[n:] {
		if group := strings.Join(words[:n], " "); len(letters(group)) >= least {
			list = append(list, group)
		}
	}
	return list
}

// sayInTurn lets the model say each piece in an answer of its own, over HTTP and the socket in turn. It returns how
// many letters of the pieces the account got, and how many answers were stopped.
func (l *leakTest) sayInTurn(t *testing.T, pieces []string, write func(string) string) (sent, stopped int) {
	t.Helper()
	socket := l.Dial(l.me)
	for i, piece := range pieces {
		text := "Here are the next ones: " + write(piece) + ". Zebras do not mind."
		l.model.Respond(func(agent.ModelCall) agent.Answer { return agent.Answer{Text: text} })
		var got string
		if i%2 == 0 {
			body := l.Do("POST", "/api/v1/chat", `{"message":"the next ones, please"}`, l.me)
			if body.Status != http.StatusOK {
				t.Fatalf("%d %s", body.Status, body.Body)
			}
			got = body.JSON(t)["response"].(string)
		} else {
			socket.Ask("the next ones, please")
			tokens, last := socket.Answer()
			if last.Error != nil {
				t.Fatalf("%+v", last)
			}
			got = strings.Join(tokens, "")
		}
		if strings.Contains(got, write(piece)) {
			sent += len(letters(piece))
		} else {
			stopped++
		}
	}
	return sent, stopped
}

// TestLeakOverManyAnswersIsStopped lets accounts draw a long secret out, a few words in each answer. Each gets 600
// letters at most, whatever another account had.
func TestLeakOverManyAnswersIsStopped(t *testing.T) {
	t.Parallel()
	m, clock := llmtest.NewModel(), apitest.NewClock()
	a := start(t, m, withSecret(t, m, longText(), clock))
	plain := func(s string) string { return s }
	for name, row := range map[string]struct {
		pieces []string
		write  func(string) string
	}{
		"five words":              {groupsOf(longText(), 5, 0), plain},
		"three words":             {groupsOf(longText(), 3, 12), plain}, // shorter ones do not count
		"eight words and fillers": {groupsOf(longText(), 8, 0), withFillers},
	} {
		l := &leakTest{api: a, model: m, me: a.Register(strings.ReplaceAll(name, " ", ".") + "@example.com")}
		sent, stopped := l.sayInTurn(t, row.pieces, row.write)
		t.Logf("%s: %d letters were sent, %d of %d answers were stopped", name, sent, stopped, len(row.pieces))
		if sent > 600 || stopped == 0 {
			t.Errorf("%s: %d letters were sent, want 600 at most", name, sent)
		}
		last := row.pieces[len(row.pieces)-1:]
		clock.Advance(59 * time.Minute)
		if _, stopped := l.sayInTurn(t, last, row.write); stopped == 0 {
			t.Errorf("%s: one more was sent within the hour", name)
		}
		clock.Advance(2 * time.Hour)
		if _, stopped := l.sayInTurn(t, last, row.write); stopped != 0 {
			t.Errorf("%s: the account is still stopped after the hour", name)
		}
	}
	if !strings.Contains(a.Logs.String(), "long@pieces of many answers") {
		t.Error("the log does not say why")
	}
}

// withFillers adds two ordinary words after every three words.
func withFillers(piece string) string {
	for _, tr := range leaktest.FillerTransforms() {
		if tr.Name == "2 ordinary words after every 3" {
			return tr.Apply(piece)
		}
	}
	return piece
}

// TestLeakOfPromptOverManyAnswersIsStopped does the same with the service's own filter and its longest prompt.
func TestLeakOfPromptOverManyAnswersIsStopped(t *testing.T) {
	t.Parallel()
	m := llmtest.NewModel()
	a := start(t, m)
	l := &leakTest{api: a, model: m, me: a.Register("patient@example.com")}
	_, prompt, _ := strings.Cut(longestPrompt(t, m), "] ")
	pieces := groupsOf(prompt, 5, 0)
	sent, stopped := l.sayInTurn(t, pieces, func(s string) string { return s })
	all := len(letters(prompt))
	t.Logf("%d of %d letters were sent, %d answers were stopped", sent, all, stopped)
	if sent > min(600, all*7/10) || stopped == 0 {
		t.Errorf("%d of %d letters were sent, %d answers were stopped", sent, all, stopped)
	}
	other := &leakTest{api: a, model: m, me: a.Register("other@example.com")}
	if _, stopped := other.sayInTurn(t, pieces[:1], func(s string) string { return s }); stopped != 0 {
		t.Error("another account was stopped")
	}
	m.Respond(func(agent.ModelCall) agent.Answer { return agent.Answer{Text: "Your week looks light."} })
	if got := a.Do("POST", "/api/v1/chat", `{"message":"how is my week?"}`, l.me).JSON(t); got["replaced"] == true {
		t.Errorf("an ordinary answer was replaced: %v", got)
	}
}

// longestPrompt returns the longest text that the filter looks for.
func longestPrompt(t *testing.T, model agent.Model) (longest string) {
	t.Helper()
	agents, templates := builtin(t, model)
	for _, s := range chat.Secrets(agents, templates) {
		if len(s.Text) > len(longest) && strings.HasPrefix(s.Text, "[ref ") {
			longest = s.Text
		}
	}
	return longest
}
