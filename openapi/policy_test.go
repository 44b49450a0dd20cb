package openapi_test

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/adiuva/cloud-api/openapi"
)

func TestEveryOperationHasAPolicy(t *testing.T) {
	t.Parallel()
	for path, item := range document(t).Paths.Map() {
		for method, op := range item.Operations() {
			if _, err := openapi.PolicyOf(op); err != nil {
				t.Errorf("%s %s: %v", method, path, err)
			}
		}
	}
}

func TestPolicyRejectsWhatDoesNotFitTheOperation(t *testing.T) {
	t.Parallel()
	account, address := map[string]any{"by": "account"}, map[string]any{"by": "address", "requests": 10, "window": 60}
	for name, c := range map[string]struct {
		public bool
		policy any
		reason string
	}{
		"no policy": {policy: nil, reason: "has no x-adiuva"},
		"unknown member": {policy: map[string]any{"rate": account, "session": "cached", "ratelimit": 5},
			reason: "unknown field"},
		"no session": {policy: map[string]any{"rate": account}, reason: "session must be"},
		"unknown session": {policy: map[string]any{"rate": account, "session": "maybe"},
			reason: "session must be"},
		"no scope": {policy: map[string]any{"rate": account, "session": "cached"}, reason: "scope must be"},
		"public with a scope": {public: true, policy: map[string]any{"rate": address, "scope": "chat"},
			reason: "no scope"},
		"account with numbers": {policy: map[string]any{"rate": map[string]any{"by": "account", "requests": 5},
			"session": "cached"}, reason: "tier's"},
		"address with a login": {policy: map[string]any{"rate": address, "session": "cached"},
			reason: "must be account"},
		"public with a session": {public: true, policy: map[string]any{"rate": address, "session": "cached"},
			reason: "no session"},
		"public by account": {public: true, policy: map[string]any{"rate": account}, reason: "rate by address"},
		"address without window": {public: true, policy: map[string]any{"rate": map[string]any{"by": "address",
			"requests": 1}}, reason: "window"},
		"no body allowed": {policy: map[string]any{"rate": account, "session": "cached", "body": 0},
			reason: "number of bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := &openapi3.Operation{OperationID: "example"}
			if c.policy != nil {
				op.Extensions = map[string]any{"x-adiuva": c.policy}
			}
			if c.public {
				op.Security = &openapi3.SecurityRequirements{}
			}
			if _, err := openapi.PolicyOf(op); err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Errorf("got %v, want an error that says %q", err, c.reason)
			}
		})
	}
}

func TestPolicyDefaultsToAMebibyte(t *testing.T) {
	t.Parallel()
	op := &openapi3.Operation{OperationID: "example", Extensions: map[string]any{
		"x-adiuva": map[string]any{"rate": map[string]any{"by": "account"}, "session": "cached", "scope": "none"},
	}}
	if p, err := openapi.PolicyOf(op); err != nil || p.Body != 1<<20 {
		t.Errorf("body %d, error %v", p.Body, err)
	}
}
