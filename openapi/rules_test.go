package openapi_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/openapi"
)

// public lists the operations that need no access token.
var public = []string{"confirmPasswordReset", "exchangePasskeyCode", "exchangeSsoCode", "finishPasskeyLogin",
	"finishPasskeyRegistration", "finishSso", "getHealth", "getPasskeyOptions", "linkSso", "listSsoProviders",
	"listTiers", "login", "loginWithSecondFactor", "receiveStripeEvent", "refreshTokens", "register",
	"requestPasswordReset", "requestSsoLinkCode", "startPasskeyLogin", "startSso"}

// unlimited lists the operations whose responses have no rate limit headers: the webhook, the health probe, and the
// handshake of the stream, whose messages are counted instead.
var withoutRateLimitHeaders = []string{"getHealth", "receiveStripeEvent", "streamChat"}

// columns lists the columns of the client's database that are in camelCase. They occur in the rows of a chat's context.
var columns = []string{
	"aiSummary", "clientId", "completedAt", "createdAt", "dueDate",
	"isAiSuggested", "isApproved", "parentId", "projectId", "updatedAt",
	"allDay", "recurringEventId", "taskId", "threadId",
}

var (
	snake       = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	lowerCamel  = regexp.MustCompile(`^[a-z][a-zA-Z0-9]*$`)
	timeName    = regexp.MustCompile(`(^|_)at$|At$|(^|_)timestamp$|_end$|^start$|^end$|[dD]ate$|-Timestamp$`)
	unitOfTimes = "milliseconds since the Unix epoch"
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
	err := doc.Validate(context.Background(),
		openapi3.EnableExamplesValidation(), openapi3.EnableSchemaPatternValidation())
	if err != nil {
		t.Error(err)
	}
	if doc.OpenAPI != "3.0.3" || len(doc.Servers) != 1 || doc.Servers[0].URL != "/api/v1" {
		t.Errorf("openapi %s at %+v, want 3.0.3 at /api/v1", doc.OpenAPI, doc.Servers)
	}
}

// catalogued returns the codes of the error catalogue, in its order.
func catalogued() (codes []string) {
	for _, e := range fault.Catalogue() {
		codes = append(codes, string(e.Code))
	}
	return codes
}

func TestErrorCodesAreComplete(t *testing.T) {
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
	if want := catalogued(); !slices.Equal(codes, want) {
		t.Errorf("codes\n%s\nwant\n%s", strings.Join(codes, " "), strings.Join(want, " "))
	}
}

func TestOperationsAreDescribedAndSecured(t *testing.T) {
	t.Parallel()
	ids := map[string]string{}
	for where, op := range operations(document(t)) {
		if !lowerCamel.MatchString(op.OperationID) {
			t.Errorf("%s: operationId %q is not in lowerCamelCase", where, op.OperationID)
		}
		if other, taken := ids[op.OperationID]; taken {
			t.Errorf("%s and %s have the same operationId %s", where, other, op.OperationID)
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
	for _, id := range slices.Concat(public, withoutRateLimitHeaders) {
		if ids[id] == "" {
			t.Errorf("there is no operation %s", id)
		}
	}
}

// isSecured reports whether the operation cannot be called without a credential.
func isSecured(op *openapi3.Operation) bool {
	if op.Security == nil {
		return true // the document's default applies
	}
	optional := slices.ContainsFunc(*op.Security, func(r openapi3.SecurityRequirement) bool { return len(r) == 0 })
	return len(*op.Security) > 0 && !optional
}

func TestBearerTokenIsRequiredByDefault(t *testing.T) {
	t.Parallel()
	security := document(t).Security
	if len(security) != 1 || len(security[0]) != 1 || security[0]["bearerAuth"] == nil {
		t.Errorf("security of the document is %v, want only bearerAuth", security)
	}
}

func TestResponsesDocumentTheSharedHeaders(t *testing.T) {
	t.Parallel()
	for where, op := range operations(document(t)) {
		for status, response := range op.Responses.Map() {
			want := []string{"X-Request-Id"}
			if !slices.Contains(withoutRateLimitHeaders, op.OperationID) {
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

func TestNamesAreInSnakeCase(t *testing.T) {
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

func TestTimesAreInMilliseconds(t *testing.T) {
	t.Parallel()
	doc := document(t)
	seen := 0
	check := func(where, description string, s *openapi3.Schema) {
		seen++
		if !s.Type.Is("integer") || s.Format != "int64" || !strings.Contains(description, unitOfTimes) {
			t.Errorf("%s is a time: want an int64 with %q in its description", where, unitOfTimes)
		}
	}
	for name, s := range doc.Components.Schemas {
		for member, m := range s.Value.Properties {
			if timeName.MatchString(member) && !m.Value.Type.Is("boolean") {
				check(name+"."+member, m.Value.Description, m.Value)
			}
		}
	}
	for name, h := range doc.Components.Headers {
		if timeName.MatchString(name) {
			check("header "+name, h.Value.Description, h.Value.Schema.Value)
		}
	}
	for where, op := range operations(doc) {
		for _, p := range op.Parameters {
			if timeName.MatchString(p.Value.Name) {
				check(where+" "+p.Value.Name, p.Value.Description, p.Value.Schema.Value)
			}
		}
	}
	if seen < 20 {
		t.Errorf("found only %d times", seen)
	}
}

// operations returns every operation by method and path, including the parameters of the path.
func operations(doc *openapi3.T) map[string]*openapi3.Operation {
	all := map[string]*openapi3.Operation{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			merged := *op
			merged.Parameters = slices.Concat(item.Parameters, op.Parameters)
			all[method+" "+path] = &merged
		}
	}
	return all
}
