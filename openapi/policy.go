package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"
)

// policyExtension is the member of an operation that holds its Policy.
const policyExtension = "x-adiuva"

// Unlimited as Policy.Body means that no size is too large for the operation; such a body has to keep a minimum rate
// instead.
const Unlimited = -1

// defaultBody is the largest body, in bytes, of operations that do not say.
const defaultBody = 1 << 20

// Policy says what the edge enforces before the handler of an operation runs.
type Policy struct {
	Body    int64   `json:"body"` // largest request body, or largest message of a stream, in bytes, or Unlimited
	Rate    Rate    `json:"rate"`
	Session Session `json:"session"` // empty where the operation needs no access token
	Scope   string  `json:"scope"`   // what an API key needs, or ScopeNone; empty where the operation needs no token
	// Items is the member of the body that lists bodies of other operations. They are checked one by one, by the
	// handler. It is empty where the body is checked as a whole.
	Items string `json:"items"`
	// Larger allows a larger body to a request that has a certain member.
	Larger Larger `json:"larger"`
}

// Larger is the largest body, in bytes, of a request with the member. The zero value allows none beyond Policy.Body.
type Larger struct {
	Member string `json:"member"`
	Body   int64  `json:"body"`
}

// LargestBody returns the largest body that any request to the operation may have, or Unlimited.
func (p Policy) LargestBody() int64 {
	if p.Body == Unlimited {
		return Unlimited
	}
	return max(p.Body, p.Larger.Body)
}

// ScopeNone as Policy.Scope means that no API key may use the operation.
const ScopeNone = "none"

// Rate is a limit on the number of requests. ByAccount leaves the numbers to the account's tier.
type Rate struct {
	By       RateKey `json:"by"`
	Requests int     `json:"requests"`
	Window   int     `json:"window"` // seconds
}

// RateKey says who shares a limit.
type RateKey string

// The rate keys.
const (
	ByAccount RateKey = "account"
	ByAddress RateKey = "address"
)

// Session says how carefully the login behind an access token is checked.
type Session string

// The session checks. An operation that changes something has to notice at once that the login has ended elsewhere;
// one that only reads may rely on what was true up to ten seconds ago.
const (
	SessionCached  Session = "cached"
	SessionChecked Session = "checked"
	SessionEnded   Session = "ended" // a login that has ended is good enough, as for logging out twice
)

// PolicyOf reads the x-adiuva extension of an operation. It fails where the extension is missing, has unknown members
// or does not fit the operation.
func PolicyOf(op *openapi3.Operation) (Policy, error) {
	extension, ok := op.Extensions[policyExtension]
	if !ok {
		return Policy{}, fmt.Errorf("%s has no %s", op.OperationID, policyExtension)
	}
	text, err := json.Marshal(extension)
	if err != nil {
		return Policy{}, fmt.Errorf("%s of %s: %w", policyExtension, op.OperationID, err)
	}
	p := Policy{Body: defaultBody}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return Policy{}, fmt.Errorf("%s of %s: %w", policyExtension, op.OperationID, err)
	}
	if err := p.validate(IsPublic(op)); err != nil {
		return Policy{}, fmt.Errorf("%s of %s: %w", policyExtension, op.OperationID, err)
	}
	return p, nil
}

// IsPublic reports whether an operation needs no access token.
func IsPublic(op *openapi3.Operation) bool { return op.Security != nil && len(*op.Security) == 0 }

func (p Policy) validate(public bool) error {
	switch {
	case p.Body < 1 && p.Body != Unlimited:
		return errors.New("body must be a number of bytes, or -1")
	case (p.Larger.Member == "") != (p.Larger.Body == 0) || p.Larger.Body != 0 && p.Larger.Body <= p.Body:
		return errors.New("larger needs a member and a body larger than body")
	case p.Rate.By == ByAddress && (p.Rate.Requests < 1 || p.Rate.Window < 1):
		return errors.New("a rate by address needs requests and window")
	case p.Rate.By == ByAccount && (p.Rate.Requests != 0 || p.Rate.Window != 0):
		return errors.New("a rate by account is the tier's: leave requests and window out")
	case public && (p.Rate.By != ByAddress || p.Session != "" || p.Scope != ""):
		return errors.New("an operation without security needs a rate by address, no session and no scope")
	case public:
		return nil
	case p.Rate.By != ByAccount:
		return errors.New("rate.by must be account")
	case p.Session != SessionCached && p.Session != SessionChecked && p.Session != SessionEnded:
		return errors.New("session must be cached, checked or ended")
	case p.Scope == "":
		return errors.New("scope must be one of KeyScope, or none")
	}
	return nil
}

// dropNULExtension is the member of a schema that lists the members from whose strings U+0000 is dropped.
const dropNULExtension = "x-adiuva-drop-nul"

// DropsNUL returns the members of a schema in whose strings U+0000 is left out. They hold texts of others, such as
// e-mails, which the client passes on as it found them.
func DropsNUL(schema *openapi3.Schema) []string {
	list, _ := schema.Extensions[dropNULExtension].([]any)
	members := make([]string, 0, len(list))
	for _, one := range list {
		if name, ok := one.(string); ok {
			members = append(members, name)
		}
	}
	return members
}
