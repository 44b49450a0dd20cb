package leaktest

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

//go:embed testdata/benign.txt
var benignFile string

//go:embed testdata/more_*.txt
var moreFiles embed.FS

// The arguments of benignForms are a number, a subject, two names, an id, an attachment and a hash.
var benignForms = []string{
	"I found %[1]d open tasks about %[2]s. %[3]s owns most of them, " +
		"and %[4]s should look at the oldest one before Thursday.",
	"Done: %[3]s and %[4]s meet about %[2]s on the %[1]dth at 14:30. " +
		"The room is booked and the notes are linked below.\n\n- id: %[5]s\n- length: 45 min",
	"| Task | Owner | Due | Open |\n|---|---|---|---|\n| %[2]s | %[3]s | 2026-04-%02[1]d | %[1]d |\n" +
		"| Review | %[4]s | 2026-05-%02[1]d | 3 |",
	"```go\nfunc total(rows []Row) (sum int) {\n\tfor _, r := range rows {\n" +
		"\t\tsum += r.Count * %[1]d // %[3]s\n\t}\n\treturn sum\n}\n```\nThat adds up the rows for %[2]s.",
	`{"id":"%[5]s","title":"Ask %[3]s about %[2]s","status":"todo","priority":"high",` +
		`"assignee":"%[4]s","count":%[1]d}`,
	"The file is attached below.\n\ndata:application/octet-stream;base64,%[6]s\n\n%[3]s can open it.",
	"SHA-256 of %[2]s, version %[1]d:\n%[7]s\nCompare it with the one %[4]s sent.",
	"See https://files.example.org/share/%[5]s?owner=%[3]s&rev=%[1]d&sig=%[7]s for %[2]s.",
	"Ciao %[3]s, ho riletto %[2]s e ci sono ancora %[1]d punti aperti. Ne parliamo con %[4]s lunedì mattina?",
	"Hallo %[3]s, zu %[2]s sind noch %[1]d Punkte offen. Soll ich %[4]s für Mittwoch einladen?",
	"Bonjour %[3]s, il reste %[1]d points à voir pour %[2]s ; je propose d'en parler avec %[4]s mardi matin.",
	"Hola %[3]s: quedan %[1]d puntos pendientes sobre %[2]s. ¿Lo vemos con %[4]s el jueves?",
	"Completion for %[2]s is %[1]d of 40 (%[1]d/40). Last week it was %[1]d of 52; " +
		"the slope is up, but %[3]s was away.",
}

// HandWritten returns more than a thousand harmless answers, all different, on the product's subjects and on
// others, in some thirty languages, with code, attachments and numbers.
func HandWritten() []string { return split(benignFile) }

// split returns the texts of a file, which are separated by lines with a percent sign.
func split(file string) []string { return strings.Split(strings.TrimSpace(file), "\n%\n") }

// More returns more than 900 harmless answers, all different: lists, schedules, tables, data, code, identifiers, short
// confirmations, answers about the assistant itself, and answers in Polish, Dutch, Portuguese and Turkish. Two hundred
// of them are generated from 50 forms, the others are written by hand.
func More() []string {
	entries, err := moreFiles.ReadDir("testdata")
	if err != nil {
		panic(err)
	}
	var out []string
	for _, entry := range entries {
		text, err := moreFiles.ReadFile("testdata/" + entry.Name())
		if err != nil {
			panic(err)
		}
		out = append(out, split(string(text))...)
	}
	return append(out, generated()...)
}

// Benign returns the HandWritten answers, a thousand generated from 13 forms with varying names, dates, numbers and
// attachments, and More.
func Benign() []string {
	out := append(HandWritten(), patterned()...)
	return append(out, More()...)
}

// patterned returns the thousand answers made of benignForms.
func patterned() []string {
	var out []string
	names := strings.Fields(
		"Anna Bruno Chiara Dieter Élodie Farid Grace Hiro Ines Jonas Katarzyna Liam Mei Noor Olga Pablo")
	subjects := []string{"the quarterly budget", "the Rossi offer", "il contratto di manutenzione", "die Messeplanung",
		"le devis du client", "la factura de marzo", "the onboarding checklist", "the server migration", "il verbale",
		"the press release"}
	for i := range 1000 {
		subject := subjects[i%10]
		first, second := names[i%16], names[(i/16+5)%16]
		sum := sha256.Sum256([]byte(fmt.Sprint(i)))
		id := fmt.Sprintf("%x-%x-4a1b-8c2d-%x", sum[:4], sum[4:6], sum[6:12])
		form := benignForms[i%len(benignForms)]
		attachment := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(string(sum[:]), 1+i%40)))
		answer := fmt.Sprintf(form, 1+i%28, subject, first, second, id, attachment, hex.EncodeToString(sum[:]))
		out = append(out, answer)
	}
	return out
}
