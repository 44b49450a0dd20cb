package dates_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/dates"
)

// TestParseReadsEveryLanguage parses whole days on Monday, 23 November 2026.
func TestParseReadsEveryLanguage(t *testing.T) {
	t.Parallel()
	now := at(t, "Europe/Rome", "2026-11-23T09:30")
	for day, texts := range map[string][]string{
		"2026-11-22": {"gestern", "ieri", "hier", "ayer", "ontem", "Gisteren"},
		"2026-11-21": {"the day before yesterday", "vorgestern", "avant-hier", "anteayer", "anteontem",
			"eergisteren"},
		"2026-11-23": {"heute", "oggi", "aujourd'hui", "Aujourd’hui", "hoy", "hoje", "vandaag", "this afternoon",
			"stasera", "cet après-midi", "esta tarde", "esta mañana", "vanavond"},
		"2026-11-24": {"morgen", "domani", "demain", "mañana", "manana", "amanhã", "AMANHÃ", "amanha", "Dienstag",
			"martedì", "mardi", "martes", "terça-feira", "terça", "dinsdag", "tue"},
		"2026-11-25": {"the day after tomorrow", "übermorgen", "dopodomani", "après-demain", "pasado mañana",
			"depois de amanhã", "overmorgen"},
		"2026-11-26": {"in 3 Tagen", "fra tre giorni", "dans 3 jours", "en tres días", "dentro de 3 dias",
			"daqui a três dias", "over drie dagen"},
		"2026-11-27": {"freitag", "nächsten Freitag", "venerdì prossimo", "vendredi", "vendredi prochain", "el viernes",
			"próximo viernes", "el viernes que viene", "sexta-feira", "sexta", "vrijdag", "volgende vrijdag",
			"le vendredi"},
		"2026-11-28": {"sabato", "samedi", "sábado", "sabado", "zaterdag", "Sonnabend"},
		"2026-11-30": {"next week", "nächste Woche", "la semaine prochaine", "la próxima semana", "la semana que viene",
			"semana que vem", "volgende week", "fin du mois", "fin de mes", "fim do mês", "einde van de maand",
			"Ende des Monats", "over een week"},
		"2027-03-05": {"5 mars", "le 5 mars", "5 de marzo", "el 5 de marzo de 2027", "5 de março de 2027",
			"5 maart 2027", "5 mrt"},
		"2027-01-01": {"1er janvier", "1º de janeiro", "1 de enero", "1 januari"},
		"2027-08-15": {"15 août", "15 aout 2027", "15 de agosto", "15 augustus"},
		"2026-12-31": {"31 décembre", "31 de diciembre", "31 de dezembro", "31 december", "31 déc."},
	} {
		for _, text := range texts {
			d, err := dates.Parse(text, now)
			if got := d.Start.Format(time.DateOnly); err != nil || !d.WholeDay || got != day {
				t.Errorf("%q is %s (whole day: %v), %v; want %s", text, got, d.WholeDay, err, day)
			}
		}
	}
	for text, want := range map[string]string{
		"demain à 15h30":           "2026-11-24T15:30:00+01:00",
		"demain à 15h":             "2026-11-24T15:00:00+01:00",
		"lundi 9 heures":           "2026-11-30T09:00:00+01:00",
		"mañana a las 15:30":       "2026-11-24T15:30:00+01:00",
		"amanhã às 9h":             "2026-11-24T09:00:00+01:00",
		"morgen om 15 uur":         "2026-11-24T15:00:00+01:00",
		"5 de marzo a las 10:00":   "2027-03-05T10:00:00+01:00",
		"übermorgen um 8 Uhr":      "2026-11-25T08:00:00+01:00",
		"dopodomani alle 15:00":    "2026-11-25T15:00:00+01:00",
		"in two weeks at 12:00":    "2026-12-07T12:00:00+01:00",
		"volgende vrijdag om 9:15": "2026-11-27T09:15:00+01:00",
	} {
		if d, err := dates.Parse(text, now); err != nil || d.Start.Format(time.RFC3339) != want || d.WholeDay {
			t.Errorf("%q is %v, %v; want %s", text, d, err, want)
		}
	}
}

// TestFindDayReadsEveryLanguage also shows words of one language that mean something else in another.
func TestFindDayReadsEveryLanguage(t *testing.T) {
	t.Parallel()
	for sentence, want := range map[string]string{
		"rends-le avant vendredi":                 "2026-11-27 [avant vendredi]",
		"le rapport pour le 5 mars 2027":          "2027-03-05 [pour le 5 mars 2027]",
		"d'ici mardi si possible":                 "2026-11-24 [d'ici mardi]",
		"jusqu'à demain":                          "2026-11-24 [jusqu'à demain]",
		"qu'est-ce qui est prévu aujourd'hui ?":   "2026-11-23 [aujourd'hui]",
		"hier soir j'ai écrit":                    "2026-11-22 [hier soir]",
		"mueve la reunión al lunes":               "2026-11-30 [lunes]",
		"antes del viernes":                       "2026-11-27 [antes del viernes]",
		"para el 3 de diciembre":                  "2026-12-03 [para el 3 de diciembre]",
		"mañana por la mañana":                    "2026-11-24 [mañana]",
		"el jueves a las 9 de la mañana":          "2026-11-26 [el jueves]",
		"até amanhã, por favor":                   "2026-11-24 [até amanhã]",
		"reunião na quinta-feira":                 "2026-11-26 [na quinta-feira]",
		"uiterlijk voor woensdag":                 "2026-11-25 [voor woensdag]",
		"op 5 december":                           "2026-12-05 [op 5 december]",
		"wir treffen uns hier am Montag":          "2026-11-30 [am Montag]",
		"guten Morgen, was steht an":              "none",
		"goede morgen":                            "none",
		"Freitag Morgen um neun":                  "2026-11-27 [Freitag]",
		"von Montag bis morgen":                   "2026-11-24 [bis morgen]",
		"jeden Morgen":                            "none",
		"heute Morgen":                            "2026-11-23 [heute]",
		"the report runs over 1 week":             "none",
		"over twee weken":                         "2026-12-07 [over twee weken]",
		"in due settimane":                        "2026-12-07 [in due settimane]",
		"en esta segunda versión hay dos errores": "none",
		"le 31 avril ou le 2 mai":                 "2027-05-02 [le 2 mai]",
		"maandelijks overleg":                     "none",
	} {
		got := "none"
		if day, at, ok := dates.FindDay(sentence, monday()); ok {
			got = fmt.Sprintf("%s [%s]", day.Format(time.DateOnly), sentence[at.Start:at.End])
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", sentence, got, want)
		}
	}
}

func TestFindPeriodReadsEveryLanguage(t *testing.T) {
	t.Parallel()
	for want, sentences := range map[string][]string{
		"2026-11-23 to 2026-11-29": {"cette semaine", "esta semana", "was ist diese Woche", "taken van deze week"},
		"2026-11-30 to 2026-12-06": {"la semaine prochaine", "la próxima semana", "semana que vem", "volgende week",
			"settimana prossima", "kommende Woche"},
		"2026-11-16 to 2026-11-22": {"la semaine dernière", "la semaine passée?", "la semana pasada", "semana passada",
			"vorige week"},
		"2026-11-01 to 2026-11-30": {"ce mois-ci", "este mes", "este mês", "deze maand"},
		"2026-12-01 to 2026-12-31": {"next month", "nächsten Monat", "il mese prossimo", "le mois prochain",
			"el mes que viene", "próximo mês", "volgende maand"},
		"2026-10-01 to 2026-10-31": {"last month", "letzten Monat", "mese scorso", "le mois dernier", "el mes pasado",
			"mês passado", "vorige maand"},
		"0001-01-01 to 2026-11-27": {"avant vendredi", "antes del viernes", "até sexta-feira", "tegen vrijdag",
			"hasta el viernes", "d'ici vendredi"},
		"2026-11-24 to 2026-11-24": {"due demain", "para mañana"},
	} {
		for _, sentence := range sentences {
			first, last := dates.FindPeriod(sentence, monday())
			if got := first.Format(time.DateOnly) + " to " + last.Format(time.DateOnly); got != want {
				t.Errorf("%q: got %s, want %s", sentence, got, want)
			}
		}
	}
}

func TestFindDeadlineReadsEveryLanguage(t *testing.T) {
	t.Parallel()
	for sentence, want := range map[string]string{
		"Envoyez l'offre avant vendredi.":        "2026-11-27",
		"à rendre pour demain":                   "2026-11-24",
		"c'est pour aujourd'hui":                 "2026-11-23",
		"Envíame la oferta antes del viernes":    "2026-11-27",
		"para el lunes":                          "2026-11-30",
		"lo necesito mañana":                     "2026-11-24",
		"Preciso do contrato até sexta-feira":    "2026-11-27",
		"responder amanhã":                       "2026-11-24",
		"Graag voor woensdag":                    "2026-11-25",
		"uiterlijk op donderdag":                 "2026-11-26",
		"on se voit ici":                         "none",
		"Wir sind bis hier gekommen":             "none",
		"para la próxima versión, sin prisa":     "none",
		"le fichier est sur le serveur":          "none",
		"Please review before my colleague does": "none",
	} {
		got := "none"
		if d, ok := dates.FindDeadline(sentence, monday()); ok {
			got = d.Start.Format(time.DateOnly)
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", sentence, got, want)
		}
	}
}

func TestFindClockReadsEveryLanguage(t *testing.T) {
	t.Parallel()
	for sentence, want := range map[string]string{
		"demain à 15h30":        "15h30m0s [à 15h30]",
		"à 9h, merci":           "9h0m0s [à 9h]",
		"a las 15:30":           "15h30m0s [a las 15:30]",
		"às 9:05":               "9h5m0s [às 9:05]",
		"om 15 uur":             "15h0m0s [om 15 uur]",
		"à 3 personnes":         "none",
		"a las 9 en punto":      "9h0m0s [a las 9 ]",
		"à 9 heures":            "9h0m0s [à 9 heures]",
		"pendant 9 heures":      "none",
		"trabalhei 10 horas":    "none",
		"à 25h":                 "none",
		"a 10hour drive, maybe": "none",
	} {
		got := "none"
		if clock, at, ok := dates.FindClock(sentence); ok {
			got = fmt.Sprintf("%s [%s]", clock, sentence[at.Start:at.End])
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", sentence, got, want)
		}
	}
}

// TestFindReadsDaysAnywhereInLongTexts also covers texts without spaces.
func TestFindReadsDaysAnywhereInLongTexts(t *testing.T) {
	t.Parallel()
	for _, filler := range []string{"The offer is with Bob and the file is on the server, 12 pages. ", "xyz",
		"übérß-"} {
		long := strings.Repeat(filler, 1000)
		for sentence, want := range map[string]string{
			" by 2026-12-01 ":          "2026-12-01",
			" until the 5th of May. ":  "2027-05-05",
			" Termin Donnerstagabend ": "2026-11-26",
			" après-demain ":           "2026-11-25",
			" in three weeks ":         "2026-12-14",
			" el lunes que viene ":     "2026-11-30",
		} {
			text := long + sentence + long
			day, at, ok := dates.FindDay(text, monday())
			if got := day.Format(time.DateOnly); !ok || got != want || at.Start < len(long) ||
				at.End > len(long)+len(sentence) {
				t.Errorf("%q between %q: got %s at %v, want %s", sentence, filler, got, at, want)
			}
			first, last := dates.FindPeriod(text, monday())
			if last.Format(time.DateOnly) != want || !first.IsZero() && !first.Equal(last) {
				t.Errorf("%q between %q: got %s to %s, want %s", sentence, filler, first, last, want)
			}
		}
	}
}

// TestFindEndsSoonOnHostileTexts reads long texts of words that dates are made of.
func TestFindEndsSoonOnHostileTexts(t *testing.T) {
	t.Parallel()
	for _, words := range []string{"may week feira hoje ", "1-1-", "in in in day ", "mañana por la mañana la "} {
		text := strings.Repeat(words, 300_000/len(words))
		start := time.Now()
		dates.FindDay(text, monday())
		dates.FindPeriod(text, monday())
		dates.FindDeadline(text, monday())
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%q took %s", words, took)
		}
	}
}
