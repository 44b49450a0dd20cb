package auth_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/fault"
)

func TestRemovalNeedsPasswordAndCode(t *testing.T) {
	t.Attr("case", "SF20")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	_, user := register(t, s)
	remove := func(password, code string) error {
		return s.RemoveSecondFactor(t.Context(), user, elsewhere, password, code)
	}
	wantCode(t, remove(password, "000000"), fault.NotFound)
	a := e.guard(t, s, user)
	wantCode(t, remove("wrong password", a.next(t)), fault.PasswordWrong)
	wantCode(t, remove(password, "000000"), fault.CodeInvalid)
	waiting := ticket(t, s, email, password)
	wantCode(t, remove(password, a.RecoveryCodes[9]), "")
	wantRedeem(t, s, waiting, a.next(t), fault.CodeInvalid)
	_, err := s.Login(t.Context(), auth.Credentials{Email: email, Password: password})
	wantCode(t, err, "")
	again := e.guard(t, s, user)
	if again.Secret == a.Secret {
		t.Error("the same secret again")
	}
}

func TestOperatorResetsTheSecondFactor(t *testing.T) {
	t.Attr("case", "SF21")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	_, user := register(t, s)
	e.guard(t, s, user)
	send()
	before := box.count(email)
	removed, err := s.ResetSecondFactor(t.Context(), "ANNA@example.com")
	if err != nil || !removed {
		t.Fatalf("removed %t, %v", removed, err)
	}
	removed, err = s.ResetSecondFactor(t.Context(), email)
	if err != nil || removed {
		t.Errorf("again: removed %t, %v", removed, err)
	}
	_, err = s.ResetSecondFactor(t.Context(), "nobody@example.com")
	wantCode(t, err, fault.NotFound)
	_, err = s.Login(t.Context(), auth.Credentials{Email: email, Password: password})
	wantCode(t, err, "")
	send()
	if got := box.count(email) - before; got != 1 {
		t.Errorf("%d notices, want 1", got)
	}
}

func TestSecretsSurviveTheRotationOfTheirKey(t *testing.T) {
	t.Attr("case", "SF22")
	t.Parallel()
	e := newEnv(t)
	old, next := strings.Repeat("o", 32), strings.Repeat("n", 32)
	keys := func(keys ...string) func(*auth.Config) { return func(c *auth.Config) { c.SecretsKeys = keys } }
	s := e.replica(t, keys(old))
	_, user := register(t, s)
	a := e.guard(t, s, user)

	rotated := e.replica(t, keys(next, old))
	wantRedeem(t, rotated, ticket(t, rotated, email, password), a.next(t), "")
	without := e.replica(t, keys(next))
	_, err := redeem(t, without, ticket(t, without, email, password), a.next(t))
	wantCode(t, fault.From(err), fault.Internal)
	if err := without.Sweep(t.Context()); err == nil || !strings.Contains(err.Error(), "SECRETS_PREVIOUS_KEYS") {
		t.Errorf("sweep without the old key: %v", err)
	}
	wantCode(t, rotated.Sweep(t.Context()), "")
	wantRedeem(t, without, ticket(t, without, email, password), a.next(t), "")
	wantRedeem(t, without, ticket(t, without, email, password), a.RecoveryCodes[0], "")
}

func TestTablesHoldNoSecretCodeOrTicket(t *testing.T) {
	t.Attr("case", "SF23")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	_, user := register(t, s)
	a := e.guard(t, s, user)
	waiting := ticket(t, s, email, password)
	for _, table := range []string{"totp_secrets", "recovery_codes", "second_factor_tickets", "audit_events"} {
		plain := strings.ReplaceAll(a.RecoveryCodes[0], "-", "")
		for _, text := range append(a.RecoveryCodes, plain, a.Secret, waiting) {
			query := fmt.Sprintf(`SELECT count(*) FROM %s t WHERE t::text ILIKE '%%' || $1 || '%%'
				OR t::text ILIKE '%%' || encode($1::text::bytea, 'hex') || '%%'`, table)
			if n := e.count(t, query, text); n != 0 {
				t.Errorf("%s holds %s", table, text)
			}
		}
	}
	if n := e.count(t, "SELECT count(*) FROM second_factor_tickets"); n != 1 {
		t.Errorf("%d tickets, want 1", n)
	}
}

func TestDeletedAccountLeavesNoSecondFactor(t *testing.T) {
	t.Attr("case", "SF24")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	_, user := register(t, s)
	a := e.guard(t, s, user)
	waiting := ticket(t, s, email, password)
	wantCode(t, s.RequestDeletion(t.Context(), user, elsewhere, password, false), "")
	wantRedeem(t, s, waiting, a.next(t), fault.CodeInvalid)
	if _, err := s.DeleteDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"totp_secrets", "recovery_codes", "second_factor_tickets"} {
		if n := e.count(t, "SELECT count(*) FROM "+table); n != 0 {
			t.Errorf("%d rows in %s", n, table)
		}
	}
}
