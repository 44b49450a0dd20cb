package dates_test

import (
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/dates"
)

// TestDaysInSevenLanguages reads each text as a whole, and inside a sentence, on Monday, 23 November 2026.
func TestDaysInSevenLanguages(t *testing.T) {
	t.Parallel()
	for want, texts := range map[string][]string{
		"2026-11-23": {"today", "heute", "oggi", "aujourd'hui", "aujourd’hui", "hoy", "hoje", "vandaag",
			"this afternoon", "ce soir", "cet après-midi", "esta mañana", "esta noite", "vanavond", "stasera"},
		"2026-11-24": {"tomorrow", "morgen", "domani", "demain", "mañana", "manana", "amanhã", "amanha",
			"dienstag", "martedì", "mardi", "martes", "terça-feira", "dinsdag"},
		"2026-11-22": {"yesterday", "gestern", "ieri", "ayer", "ontem", "gisteren"},
		"2026-11-25": {"the day after tomorrow", "übermorgen", "dopodomani", "après-demain", "pasado mañana",
			"depois de amanhã", "overmorgen", "Mittwoch", "mercredi", "miércoles", "miercoles", "quarta-feira",
			"woensdag"},
		"2026-11-26": {"Donnerstag", "giovedì", "jeudi", "jueves", "quinta-feira", "donderdag", "in 3 days",
			"in drei Tagen", "tra 3 giorni", "dans trois jours", "en tres días", "dentro de 3 dias",
			"daqui a três dias", "over drie dagen"},
		"2026-11-27": {"Freitag", "venerdì", "vendredi", "vendredi prochain", "viernes", "el próximo viernes",
			"sexta-feira", "vrijdag", "volgende vrijdag", "am Freitag", "by Friday"},
		"2026-11-28": {"Samstag", "Sonnabend", "sabato", "samedi", "sábado", "zaterdag"},
		"2026-11-29": {"Sonntag", "domenica", "dimanche", "domingo", "zondag"},
		"2026-11-30": {"next week", "nächste Woche", "prossima settimana", "la semaine prochaine",
			"la próxima semana", "semana que vem", "volgende week", "lunedì", "lundi", "lunes", "segunda-feira",
			"maandag", "on Mondays",
			"fin du mois",
			"fin de mes", "fim do mês", "einde van de maand", "dans une semaine"},
		"2026-12-07": {"in two weeks", "in zwei Wochen", "dans deux semaines", "en dos semanas", "em duas semanas",
			"over twee weken"},
		"2026-12-23": {"next month", "nächsten Monat", "le mois prochain", "el próximo mes", "mês que vem",
			"volgende maand", "in einem Monat", "dans un mois"},
		"2027-03-05": {"March 5", "5. März", "5 marzo", "5 mars", "5 de marzo", "5 de março de 2027", "5 maart",
			"5 de marzo del 2027"},
		"2027-01-01": {"1er janvier", "1 enero", "1º de janeiro", "1 januari", "1. Januar"},
		"2027-02-14": {"14 février", "14 fevrier 2027", "14 de febrero", "14 de fevereiro", "14 februari"},
		"2027-08-15": {"15 août", "15 aout", "15 de agosto", "15 augustus", "15 agosto 2027"},
		"2026-12-24": {"24 décembre", "24 de diciembre", "24 de dezembro", "24 december", "24. Dezember"},
		"2027-05-02": {"2 mai", "2 de mayo", "2 de maio", "2 mei", "2 maggio"},
	} {
		for _, text := range texts {
			parsed, err := dates.Parse(text, monday())
			if got := parsed.Start.Format(time.DateOnly); err != nil || !parsed.WholeDay || got != want {
				t.Errorf("%q is %s, %v; want %s", text, got, err, want)
			}
			day, at, ok := dates.FindDay("xyz "+text+", xyz", monday())
			if got := day.Format(time.DateOnly); !ok || got != want || at.Start > 4 {
				t.Errorf("in a sentence, %q is %s at %v; want %s", text, got, at, want)
			}
		}
	}
}

func TestShortNamesAreReadAlone(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"hier": "2026-11-22", "segunda": "2026-11-30", "sexta": "2026-11-27"} {
		d, err := dates.Parse(text, monday())
		if got := d.Start.Format(time.DateOnly); err != nil || got != want {
			t.Errorf("%q is %s, %v; want %s", text, got, err, want)
		}
		if day, _, ok := dates.FindDay("xyz "+text+" xyz", monday()); ok {
			t.Errorf("in a sentence, %q is %s", text, day)
		}
	}
}

func TestMorningsAreNoDays(t *testing.T) {
	t.Parallel()
	for _, sentence := range []string{"Guten Morgen", "Guten Morgen!", "Goede morgen", "llámame por la mañana",
		"a las 9 de la mañana", "Ist hier jemand?", "in 10 years", "a second"} {
		if day, _, ok := dates.FindDay(sentence, monday()); ok {
			t.Errorf("%q is %s", sentence, day)
		}
	}
	day, _, ok := dates.FindDay("Guten Morgen, was ist am Freitag?", monday())
	if got := day.Format(time.DateOnly); !ok || got != "2026-11-27" {
		t.Errorf("got %s", got)
	}
}

func TestTimesOfDayInSevenLanguages(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"demain à 15h":              "2026-11-24T15:00",
		"demain 15h30":              "2026-11-24T15:30",
		"demain à 15 heures":        "2026-11-24T15:00",
		"mañana a las 15:00":        "2026-11-24T15:00",
		"el viernes a las 9:30":     "2026-11-27T09:30",
		"amanhã às 15h":             "2026-11-24T15:00",
		"sexta-feira às 9:00":       "2026-11-27T09:00",
		"morgen om 15 uur":          "2026-11-24T15:00",
		"vrijdag om 9:00":           "2026-11-27T09:00",
		"Freitag um 15 Uhr":         "2026-11-27T15:00",
		"venerdì alle 15:30":        "2026-11-27T15:30",
		"5 mars 2027 à 8h":          "2027-03-05T08:00",
		"5 de março às 15:00":       "2027-03-05T15:00",
		"on Friday at 5pm":          "2026-11-27T17:00",
		"next week 10:00":           "2026-11-30T10:00",
		"la semaine prochaine 9:00": "2026-11-30T09:00",
	} {
		d, err := dates.Parse(text, monday())
		if got := dates.Format(d.Start); err != nil || d.WholeDay || got != want {
			t.Errorf("%q is %s, %v; want %s", text, got, err, want)
		}
	}
	for sentence, want := range map[string]time.Duration{
		"rappelle-moi à 15h": 15 * time.Hour, "a las 9 en punto": 9 * time.Hour, "om 8 uur bellen": 8 * time.Hour,
		"às 15h30": 15*time.Hour + 30*time.Minute, "réunion 9h15": 9*time.Hour + 15*time.Minute,
	} {
		if clock, _, ok := dates.FindClock(sentence); !ok || clock != want {
			t.Errorf("%q is at %s, %v", sentence, clock, ok)
		}
	}
}

func TestDeadlinesAndPeriodsInSevenLanguages(t *testing.T) {
	t.Parallel()
	for sentence, want := range map[string]string{
		"à rendre avant vendredi":      "2026-11-27",
		"envoyer d'ici lundi":          "2026-11-30",
		"entregar antes del viernes":   "2026-11-27",
		"pagar para el lunes":          "2026-11-30",
		"enviar até sexta-feira":       "2026-11-27",
		"graag uiterlijk vrijdag":      "2026-11-27",
		"vóór de lunch, tegen maandag": "2026-11-30",
		"on se voit demain":            "2026-11-24",
		"paga mañana.":                 "2026-11-24",
		"There is no Monday meeting":   "none",
		"avant toute chose":            "none",
	} {
		got := "none"
		if d, ok := dates.FindDeadline(sentence, monday()); ok {
			got = d.Start.Format(time.DateOnly)
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", sentence, got, want)
		}
	}
	for sentence, want := range map[string]string{
		"cette semaine":        "2026-11-23 to 2026-11-29",
		"esta semana":          "2026-11-23 to 2026-11-29",
		"deze week":            "2026-11-23 to 2026-11-29",
		"la semaine prochaine": "2026-11-30 to 2026-12-06",
		"la próxima semana":    "2026-11-30 to 2026-12-06",
		"volgende week":        "2026-11-30 to 2026-12-06",
		"la semaine dernière":  "2026-11-16 to 2026-11-22",
		"semana passada":       "2026-11-16 to 2026-11-22",
		"vorige week":          "2026-11-16 to 2026-11-22",
		"ce mois-ci":           "2026-11-01 to 2026-11-30",
		"este mês":             "2026-11-01 to 2026-11-30",
		"avant vendredi":       "0001-01-01 to 2026-11-27",
		"hasta el viernes":     "0001-01-01 to 2026-11-27",
		"até sexta-feira":      "0001-01-01 to 2026-11-27",
		"voor vrijdag":         "0001-01-01 to 2026-11-27",
		"mardi":                "2026-11-24 to 2026-11-24",
	} {
		first, last := dates.FindPeriod(sentence, monday())
		if got := first.Format(time.DateOnly) + " to " + last.Format(time.DateOnly); got != want {
			t.Errorf("%q: got %s, want %s", sentence, got, want)
		}
	}
}
