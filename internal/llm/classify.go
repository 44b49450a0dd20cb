package llm

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
)

var (
	// moderated matches refusals of what one person wrote.
	moderated = regexp.MustCompile(`(?i)content[_ -]?(?:filter|policy|management policy)|moderation|flagged|` +
		`violates? .{0,30}(?:polic|guideline|terms)|usage (?:policies|guidelines)|safety[_ ](?:check|system)|` +
		`data_inspection_failed|responsibleaipolicy|inappropriate content|sensitive (?:content|words)|` +
		`prohibited content|guardrail`)
	// keyRefused matches refusals of a key in a response of 403.
	keyRefused = regexp.MustCompile(`(?i)(?:api|access)[_ -]?key|permission|unauthorized|` +
		`credential|not (?:been )?(?:enabled|authorized)|disabled|billing|organization|project|account|` +
		`subscription|country|region`)
	// templateFailed matches what servers answer to a conversation that the model's template does not take.
	templateFailed = regexp.MustCompile(`(?i)roles? must alternate|chat template|jinja|template error|` +
		`only user(?:,| and).{0,40}roles? (?:are|is) supported|system role not supported|raise_exception`)
	// badKeyText matches refusals of a key in a response of 400, which Gemini and xAI send.
	badKeyText = regexp.MustCompile(`(?i)\bapi[_ -]?key (?:not (?:valid|found)|expired)|incorrect api key|` +
		`valid api key`)
	// toolsRefused matches refusals of every tool, whatever its definition.
	toolsRefused = regexp.MustCompile(`(?i)(?:not|n't) support (?:tools\b|(?:tool|function)[ _-]?(?:use|call))|` +
		`\b(?:tools|(?:tool|function)[ _-]?(?:use|calls?|calling))\W{0,2} (?:is|are) ` +
		`not (?:supported|enabled|available)|` +
		`not support parameters: \[[^\]]*'tools'|no endpoints found that support tool use|` +
		`tools param requires --jinja|tool choice requires --enable-auto-tool-choice`)
	// limitReached matches how OpenAI answers if the limit left no room for more than reasoning.
	limitReached = regexp.MustCompile(`(?i)could not finish the message because max_tokens`)
)

// errorBody is what the package reads of an error response.
type errorBody struct {
	kind, code string
	number     int  // of code, 0 if it is none
	badKey     bool // the key is named as the reason
}

// readErrorBody understands the error object of OpenAI, alone or in a list as Google has it, and objects that are the
// error themselves.
func readErrorBody(body []byte) (out errorBody) {
	type object struct {
		Type   any             `json:"type"`
		Code   any             `json:"code"`
		Status any             `json:"status"`
		Error  json.RawMessage `json:"error"`
		// Details are Google's.
		Details []struct {
			Reason string `json:"reason"`
		} `json:"details"`
	}
	var outer object
	if strings.HasPrefix(strings.TrimSpace(string(body)), "[") {
		var list []json.RawMessage
		if json.Unmarshal(body, &list) != nil || len(list) == 0 {
			return out
		}
		body = list[0]
	}
	_ = json.Unmarshal(body, &outer) // without a readable body the status decides
	inner := outer
	_ = json.Unmarshal(outer.Error, &inner) // a string is a message
	out.kind, _ = inner.Type.(string)
	for _, code := range []any{inner.Code, inner.Status, outer.Code} {
		switch v := code.(type) {
		case string:
			if out.code == "" {
				out.code = v
			}
			if n, err := strconv.Atoi(v); err == nil && out.number == 0 {
				out.number = n
			}
		case float64:
			if out.number == 0 && v >= 100 && v < 600 {
				out.number = int(v)
			}
		}
	}
	out.badKey = out.code == "invalid_api_key"
	for _, d := range inner.Details {
		out.badKey = out.badKey || d.Reason == "API_KEY_INVALID"
	}
	return out
}

// httpFailure classifies an error response by its status and error code. A status of 200 means that the error came in
// the stream or instead of an answer.
func httpFailure(status int, header http.Header, body []byte, now time.Time) *failure {
	e := readErrorBody(body)
	f := &failure{status: status, cause: errors.New("upstream error answer"), retryAfter: retryAfter(header, now),
		complaint: complaintOf(body)}
	if status == http.StatusOK && e.number != 0 {
		f.status = e.number // some servers put the status there
	}
	inStream := status == http.StatusOK && f.status == http.StatusOK
	text := string(f.complaint)
	quota := e.kind == "insufficient_quota" || e.code == "insufficient_quota"
	switch {
	case !quota && f.status != 401 && f.status != 402 && f.status != 429 && moderated.MatchString(text),
		f.status >= 500 && templateFailed.MatchString(text):
		f.kind = rejected
	case quota, f.status == 401, f.status == 402, f.status == 403, inStream && e.badKey:
		f.kind = auth
		f.quota = quota || f.status == 402
		f.model = f.status == 403 && e.code == "model_not_found"
		f.unclear = f.status == 403 && !quota && !keyRefused.MatchString(text)
	case f.status == 400 && (e.badKey || badKeyText.MatchString(text)):
		f.kind, f.unclear = auth, !e.badKey // a message may quote what a person wrote
	case inStream && e.kind == "invalid_request_error":
		f.kind = rejected
	case f.status == 429, f.status >= 500, f.status == 408, inStream:
		f.kind = busy
	default:
		f.kind = rejected
	}
	noteTooLong(f, body)
	return f
}

// noteNoTools makes f the failure of a model that cannot call tools, if the response says so: errors.Is then finds
// agent.ErrNoTools in it. The request had tools.
func noteNoTools(f *failure) {
	passing := f.kind == busy && f.status != http.StatusInternalServerError
	if f.kind != auth && !passing && toolsRefused.MatchString(string(f.complaint)) {
		f.kind, f.cause = rejected, agent.ErrNoTools
	}
}

// retryAfter returns the Retry-After header (RFC 9110 §10.2.3), or 0 if it is absent or malformed.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if n, err := strconv.Atoi(v); err == nil && n >= 0 && n < 1<<20 {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}
