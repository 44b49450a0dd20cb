package reading_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
)

func TestIntentsOfClauses(t *testing.T) {
	t.Parallel()
	r, err := reading.New()
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"mark the chairs as done and remind me about Bob on Friday at 3pm": "en change remind",
		"Was ist überfällig und gibt es Konflikte?":                        "de tasks conflicts",
		"e la seconda?": "it reference",
		"cancel the dentist, then find me a free hour and write Bob that I am late": "en delete free_time reply",
		"create a task: buy bread and butter":                                       "en create_task",
		"Kannst du mir eine Aufgabe anlegen: Steuer":                                "de create_task",
		"how is the annual report going?":                                           "en question",
		"make the chairs urgent":                                                    "en change",
		"should I delete the chairs?":                                               "en question",
	} {
		m := r.Read(text, "", nil, monday())
		got := []string{m.Language.Code}
		for _, c := range m.Clauses {
			got = append(got, c.Intent)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %v, not %s", text, got, want)
		}
	}
}

func monday() time.Time { return time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC) }

func TestTimesOfClauses(t *testing.T) {
	t.Parallel()
	r, err := reading.New()
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"schedule a call on Thursday from 10 to 11:30":    "2026-11-26 10h0m0s 90",
		"trag den Arzt am Donnerstag von 8 bis 9 ein":     "2026-11-26 8h0m0s 60",
		"organizza una riunione giovedì dalle 10 alle 11": "2026-11-26 10h0m0s 60",
		"move the review to three in the afternoon":       "0001-01-01 15h0m0s 0",
		"remind me on the 1st to pay":                     "2026-12-01 0s 0",
		"verschieb den Arzt um eine Stunde":               "0001-01-01 0s 60",
		"find two hours tomorrow":                         "2026-11-24 0s 120",
		"read pages 9-10":                                 "0001-01-01 0s 0",
	} {
		c := r.Read(text, "", nil, monday()).Clauses[0]
		if got := c.Day.Format(time.DateOnly) + " " + c.Clock.String() + " " + strconv.Itoa(c.Minutes); got != want {
			t.Errorf("%q: %s, not %s", text, got, want)
		}
	}
}

func TestLettersSpeakToTheirReader(t *testing.T) {
	t.Parallel()
	r, err := reading.New()
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"he gets the offer on Monday": "you get the offer on Monday", "she is invited": "you are invited",
		"the offer is ready": "the offer is ready", "they come at 9": "you come at 9", "he": "he",
	} {
		if got := r.Language("en").Addressed(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	if got := r.Language("de").VerbSecond("das Angebot morgen kommt"); got != "das Angebot kommt morgen" {
		t.Errorf("%q", got)
	}
}
