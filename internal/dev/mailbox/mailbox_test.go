package mailbox_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/dev/mailbox"
	"github.com/adiuva/cloud-api/internal/mail"
)

func open(t *testing.T) *mailbox.Mailbox {
	t.Helper()
	b, err := mailbox.New(func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) })
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t *testing.T, b *mailbox.Mailbox, m mail.Message) uuid.UUID {
	t.Helper()
	m.ID = uuid.New()
	if err := b.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return m.ID
}

func get(t *testing.T, b *mailbox.Mailbox, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	b.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w
}

func TestPagesListAndShowMails(t *testing.T) {
	t.Parallel()
	b := open(t)
	if got := get(t, b, "/").Body.String(); !strings.Contains(got, "No mail yet") {
		t.Errorf("empty mailbox: %s", got)
	}
	first := put(t, b, mail.Message{To: "anna@example.com", Subject: "First", Text: "code 1234 5678", HTML: "one"})
	put(t, b, mail.Message{To: "bob@example.com", Subject: "Second"})
	list := get(t, b, "/").Body.String()
	if newer, older := strings.Index(list, "Second"), strings.Index(list, "First"); newer < 0 || older < newer {
		t.Errorf("the list is not the newest first: %s", list)
	}
	page := get(t, b, "/mails/"+first.String())
	if page.Code != http.StatusOK || !strings.Contains(page.Body.String(), "code 1234 5678") {
		t.Errorf("%d %s", page.Code, page.Body)
	}
	for _, path := range []string{"/mails/" + uuid.NewString(), "/mails/x", "/other"} {
		if got := get(t, b, path).Code; got != http.StatusNotFound {
			t.Errorf("%s: %d", path, got)
		}
	}
}

func TestPagesRunNothingOfAMail(t *testing.T) {
	t.Parallel()
	b := open(t)
	const script = `"><script>alert(1)</script>`
	id := put(t, b, mail.Message{To: script, Subject: script, Text: script, HTML: script})
	for _, path := range []string{"/", "/mails/" + id.String()} {
		w := get(t, b, path)
		if strings.Contains(w.Body.String(), "<script") {
			t.Errorf("%s has the script: %s", path, w.Body)
		}
		policy := w.Header().Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "script-src") {
			t.Errorf("%s: policy %s", path, policy)
		}
	}
}

func TestOldestMailsGoFirst(t *testing.T) {
	t.Parallel()
	b := open(t)
	for i := range 205 {
		put(t, b, mail.Message{To: "anna@example.com", Subject: fmt.Sprint("mail ", i)})
	}
	mails := b.Mails("anna@example.com")
	if len(mails) != 200 || mails[0].Subject != "mail 5" {
		t.Errorf("%d mails, the oldest is %q", len(mails), mails[0].Subject)
	}
}
