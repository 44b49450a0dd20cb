// Package mailbox stands in for a mail server in development. It keeps the last mails in memory and shows them on a
// page, so that codes can be read without sending anything.
package mailbox

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/adiuva/cloud-api/internal/mail"
)

// maxMails is how many mails are kept; the oldest go first.
const maxMails = 200

//go:embed *.html
var files embed.FS

// Mail is a mail that was sent.
type Mail struct {
	mail.Message
	At time.Time
}

// Mailbox keeps mails. It is safe for concurrent use.
type Mailbox struct {
	mu    sync.Mutex
	mails []Mail // oldest first
	pages *template.Template
	now   func() time.Time
	mux   *http.ServeMux
}

// New returns an empty Mailbox. A nil now means time.Now.
func New(now func() time.Time) (*Mailbox, error) {
	if now == nil {
		now = time.Now
	}
	pages, err := template.ParseFS(files, "*.html")
	if err != nil {
		return nil, err
	}
	b := &Mailbox{pages: pages, now: now, mux: http.NewServeMux()}
	b.mux.HandleFunc("GET /{$}", b.list)
	b.mux.HandleFunc("GET /mails/{id}", b.show)
	return b, nil
}

// Send keeps the mail. It never fails.
func (b *Mailbox) Send(_ context.Context, m mail.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mails = append(b.mails, Mail{m, b.now()})
	if len(b.mails) > maxMails {
		b.mails = b.mails[len(b.mails)-maxMails:]
	}
	return nil
}

// Mails returns the mails that were sent to an address, or all for "", oldest first.
func (b *Mailbox) Mails(to string) []Mail {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []Mail
	for _, m := range b.mails {
		if to == "" || m.To == to {
			list = append(list, m)
		}
	}
	return list
}

// ServeHTTP serves the list of mails at / and each mail at /mails/{id}.
func (b *Mailbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; "+
		"base-uri 'none'; form-action 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	b.mux.ServeHTTP(w, r)
}

func (b *Mailbox) list(w http.ResponseWriter, _ *http.Request) {
	mails := b.Mails("")
	newest := make([]Mail, 0, len(mails))
	for i := range mails {
		newest = append(newest, mails[len(mails)-1-i])
	}
	b.render(w, "list.html", newest)
}

func (b *Mailbox) show(w http.ResponseWriter, r *http.Request) {
	for _, m := range b.Mails("") {
		if m.ID.String() == r.PathValue("id") {
			b.render(w, "show.html", m)
			return
		}
	}
	http.NotFound(w, r)
}

func (b *Mailbox) render(w http.ResponseWriter, name string, data any) {
	var page strings.Builder
	if err := b.pages.ExecuteTemplate(&page, name, data); err != nil {
		http.Error(w, "The page cannot be shown.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(page.String())) // the browser may be gone
}
