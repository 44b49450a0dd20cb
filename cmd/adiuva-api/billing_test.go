package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestBillingCommandsUseTheRunningStandIn runs the billing commands beside a serve with the stand-in, and then starts
// on its database with another stand-in.
func TestBillingCommandsUseTheRunningStandIn(t *testing.T) {
	t.Attr("case", "S9")
	t.Parallel()
	vars := map[string]string{"ADIUVA_DATA_DIR": dataDir(t)}
	serveInBackground(t, vars)
	run := func(want int, args ...string) string {
		t.Helper()
		env, out, errs := testEnvironment(vars)
		if code := execute(t.Context(), env, args); code != want {
			t.Errorf("%v: exit code %d, want %d: %s%s", args, code, want, out, errs)
		}
		return out.String() + errs.String()
	}
	run(exitOK, "user", "create", "anna@example.com", "--password", "correct horse battery", "--tier", "power")
	for args, want := range map[string]string{
		"status Anna@Example.com": "an operator granted it",
		"reconcile":               "Every subscription is as Stripe reports it.",
		"reconcile --accept":      "Every subscription is as Stripe reports it.",
		"adopt-account":           "belong to Stripe account acct_",
	} {
		if got := run(exitOK, append([]string{"billing"}, strings.Fields(args)...)...); !strings.Contains(got, want) {
			t.Errorf("billing %s: %s, want %q", args, got, want)
		}
	}
	if got := run(exitFailed, "billing", "status", "nobody@example.com"); !strings.Contains(got, "no account") {
		t.Errorf("billing status of a stranger: %s", got)
	}
	env, _, errs := testEnvironment(map[string]string{"ADIUVA_DATA_DIR": filepath.Join(dataDir(t), "other")})
	if code := execute(t.Context(), env, []string{"billing", "reconcile"}); code != exitFailed {
		t.Errorf("without a serve: exit code %d, %s", code, errs)
	}
}
