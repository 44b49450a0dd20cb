package leaktest

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

//go:embed testdata/benign.txt
var benignTexts string

// Written returns more than a thousand harmless answers, each written for this: of the product's field and beside it, in
// some thirty languages, code, attachments, numbers.
func Written() []string { return strings.Split(strings.TrimSpace(benignTexts), "\n%\n") }

// Benign returns the written answers, and a thousand of few forms in which names, dates, figures and attachments vary.
func Benign() []string {
	out := Written()
	names := strings.Fields("Anna Bruno Chiara Dieter Élodie Farid Grace Hiro Ines Jonas Katarzyna Liam Mei Noor Olga Pablo")
	things := []string{"the quarterly budget", "the Rossi offer", "il contratto di manutenzione", "die Messeplanung",
		"le devis du client", "la factura de marzo", "the onboarding checklist", "the server migration", "il verbale", "the press release"}
	for i := range 1000 {
		a, b, thing := names[i%16], names[(i/16+5)%16], things[i%10]
		sum := sha256.Sum256([]byte(fmt.Sprint(i)))
		id := hex.EncodeToString(sum[:4]) + "-" + hex.EncodeToString(sum[4:6]) + "-4a1b-8c2d-" + hex.EncodeToString(sum[6:12])
		forms := []string{
			"I found %[1]d open tasks about %[2]s. %[3]s owns most of them, and %[4]s should look at the oldest one before Thursday.",
			"Done: %[3]s and %[4]s meet about %[2]s on the %[1]dth at 14:30. The room is booked and the notes are linked below.\n\n- id: %[5]s\n- length: 45 min",
			"| Task | Owner | Due | Open |\n|---|---|---|---|\n| %[2]s | %[3]s | 2026-04-%02[1]d | %[1]d |\n| Review | %[4]s | 2026-05-%02[1]d | 3 |",
			"```go\nfunc total(rows []Row) (sum int) {\n\tfor _, r := range rows {\n\t\tsum += r.Count * %[1]d // %[3]s\n\t}\n\treturn sum\n}\n```\nThat adds up the rows for %[2]s.",
			`{"id":"%[5]s","title":"Ask %[3]s about %[2]s","status":"todo","priority":"high","assignee":"%[4]s","count":%[1]d}`,
			"The file is attached below.\n\ndata:application/octet-stream;base64,%[6]s\n\n%[3]s can open it.",
			"SHA-256 of %[2]s, version %[1]d:\n%[7]s\nCompare it with the one %[4]s sent.",
			"See https://files.example.org/share/%[5]s?owner=%[3]s&rev=%[1]d&sig=%[7]s for %[2]s.",
			"Ciao %[3]s, ho riletto %[2]s e ci sono ancora %[1]d punti aperti. Ne parliamo con %[4]s lunedì mattina?",
			"Hallo %[3]s, zu %[2]s sind noch %[1]d Punkte offen. Soll ich %[4]s für Mittwoch einladen?",
			"Bonjour %[3]s, il reste %[1]d points à voir pour %[2]s ; je propose d'en parler avec %[4]s mardi matin.",
			"Hola %[3]s: quedan %[1]d puntos pendientes sobre %[2]s. ¿Lo vemos con %[4]s el jueves?",
			"Completion for %[2]s is %[1]d of 40 (%[1]d/40). Last week it was %[1]d of 52; the slope is up, but %[3]s was away.",
		}
		form := forms[i%len(forms)]
		attachment := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(string(sum[:]), 1+i%40)))
		out = append(out, fmt.Sprintf(form, 1+i%28, thing, a, b, id, attachment, hex.EncodeToString(sum[:])))
		if at := strings.Index(out[len(out)-1], "%!(EXTRA"); at >= 0 {
			out[len(out)-1] = out[len(out)-1][:at] + fmt.Sprintf(" (%d)", i)
		}
	}
	return out
}
