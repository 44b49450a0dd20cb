package openapi_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/adiuva/cloud-api/openapi"
)

// catalogue is every code an error may have, in the order of their HTTP statuses.
const catalogue = `
	invalid_json signature_invalid token_in_url
	token_missing token_invalid token_expired invalid_credentials refresh_invalid refresh_reused refresh_expired
	tier_required origin_forbidden not_found method_not_allowed upload_too_slow
	email_taken already_subscribed idempotency_conflict upload_expired backup_conflict
	length_required body_too_large quota_exceeded unsupported_media_type range_not_satisfiable
	validation_failed checksum_mismatch timestamp_in_future rate_limited header_too_large
	internal llm_error agent_loop_limit storage_inconsistent
	db_unavailable storage_unavailable billing_unavailable llm_unavailable auth_busy draining llm_timeout`

// public are the operations that need no access token.
var public = []string{"getHealth", "listTiers", "login", "receiveStripeEvent", "refreshTokens", "register"}

// unlimited are the operations that no rate limit counts: Stripe's own pace, the probe, and a handshake, whose messages
// are counted instead.
var unlimited = []string{"getHealth", "receiveStripeEvent", "streamChat"}

// columns are the names that the client's own database writes in camelCase, inside the rows of a chat's context.
var columns = []string{
	"aiSummary", "clientId", "completedAt", "createdAt", "dueDate", "isAiSuggested", "isApproved", "parentId", "projectId", "updatedAt",
}

var (
	snake       = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	lowerCamel  = regexp.MustCompile(`^[a-z][a-zA-Z0-9]*$`)
	namesATime  = regexp.MustCompile(`(^|_)at$|At$|(^|_)timestamp$|_end$|^start$|^end$|[dD]ate$|-Timestamp$`)
	unitOfATime = "milliseconds since the Unix epoch"
)

func document(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestDocumentIsValid(t *testing.T) {
	t.Parallel()
	doc := document(t)
	if err := doc.Validate(context.Background(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaPatternValidation()); err != nil {
		t.Error(err)
	}
	if doc.OpenAPI != "3.0.3" || len(doc.Servers) != 1 || doc.Servers[0].URL != "/api/v1" {
		t.Errorf("openapi %s at %+v, want 3.0.3 at /api/v1", doc.OpenAPI, doc.Servers)
	}
}

func TestErrorCodes(t *testing.T) {
	t.Parallel()
	doc := document(t)
	code := doc.Components.Schemas["Problem"].Value.Properties["code"]
	if code.Ref != "#/components/schemas/ErrorCode" {
		t.Fatalf("Problem.code is %q", code.Ref)
	}
	var codes []string
	for _, c := range code.Value.Enum {
		codes = append(codes, c.(string))
	}
	if !slices.Equal(codes, strings.Fields(catalogue)) {
		t.Errorf("codes\n%s\nwant\n%s", strings.Join(codes, " "), strings.Join(strings.Fields(catalogue), " "))
	}
}

func TestOperations(t *testing.T) {
	t.Parallel()
	ids := map[string]string{}
	for where, op := range operations(document(t)) {
		if !lowerCamel.MatchString(op.OperationID) {
			t.Errorf("%s: operationId %q is not in lowerCamelCase", where, op.OperationID)
		}
		if other, taken := ids[op.OperationID]; taken {
			t.Errorf("%s and %s are both %s", where, other, op.OperationID)
		}
		ids[op.OperationID] = where
		if op.Summary == "" || op.Description == "" || len(op.Tags) != 1 {
			t.Errorf("%s needs a summary, a description and one tag", where)
		}
		if d := op.Responses.Default(); d == nil || d.Ref != "#/components/responses/Problem" {
			t.Errorf("%s: the default response is not the shared Problem", where)
		}
		if secured, want := isSecured(op), !slices.Contains(public, op.OperationID); secured != want {
			t.Errorf("%s needs a token: %v, want %v", where, secured, want)
		}
	}
	for _, id := range slices.Concat(public, unlimited) {
		if ids[id] == "" {
			t.Errorf("there is no operation %s any more", id)
		}
	}
}

// isSecured reports whether every way to call the operation needs a credential.
func isSecured(op *openapi3.Operation) bool {
	if op.Security == nil {
		return true // what the document says for all
	}
	return len(*op.Security) > 0 && !slices.ContainsFunc(*op.Security, func(r openapi3.SecurityRequirement) bool { return len(r) == 0 })
}

func TestTokensAreAskedForByDefault(t *testing.T) {
	t.Parallel()
	security := document(t).Security
	if len(security) != 1 || len(security[0]) != 1 || security[0]["bearerAuth"] == nil {
		t.Errorf("security of the document is %v, want bearerAuth alone", security)
	}
}

func TestResponseHeaders(t *testing.T) {
	t.Parallel()
	for where, op := range operations(document(t)) {
		for status, response := range op.Responses.Map() {
			want := []string{"X-Request-Id"}
			if !slices.Contains(unlimited, op.OperationID) {
				want = append(want, "RateLimit", "RateLimit-Policy")
			}
			if status == "default" {
				want = append(want, "Retry-After")
			}
			for _, name := range want {
				if h := response.Value.Headers[name]; h == nil || h.Ref != "#/components/headers/"+name {
					t.Errorf("%s %s does not document %s", where, status, name)
				}
			}
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	doc := document(t)
	for name, s := range doc.Components.Schemas {
		isRow := strings.HasSuffix(name, "Row")
		for member := range s.Value.Properties {
			if !snake.MatchString(member) && !(isRow && slices.Contains(columns, member)) {
				t.Errorf("%s.%s is not in snake_case", name, member)
			}
		}
	}
	for where, op := range operations(doc) {
		for _, p := range op.Parameters {
			if (p.Value.In == "query" || p.Value.In == "path") && !snake.MatchString(p.Value.Name) {
				t.Errorf("%s: parameter %s is not in snake_case", where, p.Value.Name)
			}
		}
	}
}

// TestTimes holds every time to the unit that all of them share.
func TestTimes(t *testing.T) {
	t.Parallel()
	doc, seen := document(t), 0
	check := func(where, description string, s *openapi3.Schema) {
		seen++
		if !s.Type.Is("integer") || s.Format != "int64" || !strings.Contains(description, unitOfATime) {
			t.Errorf("%s is a time: want an int64 whose description says %q", where, unitOfATime)
		}
	}
	for name, s := range doc.Components.Schemas {
		for member, m := range s.Value.Properties {
			if namesATime.MatchString(member) && !m.Value.Type.Is("boolean") {
				check(name+"."+member, m.Value.Description, m.Value)
			}
		}
	}
	for name, h := range doc.Components.Headers {
		if namesATime.MatchString(name) {
			check("header "+name, h.Value.Description, h.Value.Schema.Value)
		}
	}
	for where, op := range operations(doc) {
		for _, p := range op.Parameters {
			if namesATime.MatchString(p.Value.Name) {
				check(where+" "+p.Value.Name, p.Value.Description, p.Value.Schema.Value)
			}
		}
	}
	if seen < 20 {
		t.Errorf("found only %d times", seen)
	}
}

// operations returns every operation by its method and path, with the parameters that its path shares.
func operations(doc *openapi3.T) map[string]*openapi3.Operation {
	all := map[string]*openapi3.Operation{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			whole := *op
			whole.Parameters = slices.Concat(item.Parameters, op.Parameters)
			all[method+" "+path] = &whole
		}
	}
	return all
}
