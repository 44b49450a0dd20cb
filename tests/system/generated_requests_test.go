package system_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/adiuva/cloud-api/internal/testing/randomjson"
	"github.com/adiuva/cloud-api/internal/testing/soak"
	"github.com/adiuva/cloud-api/internal/tier"
	"github.com/adiuva/cloud-api/openapi"
)

// corruptOneIn is how rare corrupted requests are. At most one request in ten may be rejected before its handler.
const corruptOneIn = 16

// earlyRejections are codes of requests that reached no handler. validation_failed is one although handlers return it
// too.
var earlyRejections = []string{
	"invalid_json", "validation_failed", "unsupported_media_type",
	"body_too_large", "length_required", "header_too_large",
	"token_missing", "token_invalid", "token_expired", "token_in_url",
	"origin_forbidden", "method_not_allowed", "rate_limited",
}

// TestGeneratedRequestsMatchTheContract sends 40 requests generated from its schemas to every operation, 2,000 with
// the tag soak, one in 16 of them corrupted, and validates every response against the contract: no 5xx, and no
// status, media type, header or body that the contract does not have.
func TestGeneratedRequestsMatchTheContract(t *testing.T) {
	t.Parallel()
	requests := 40
	if soak.Enabled {
		requests = 2000
	}
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	check(t, err)
	a := start(t, nil) // without rate limits, as RATE_LIMITS=off has it
	operations := 0
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		item := doc.Paths.Value(path)
		for _, method := range slices.Sorted(maps.Keys(item.Operations())) {
			operations++
			op := item.Operations()[method]
			t.Run(op.OperationID, func(t *testing.T) {
				t.Parallel()
				seed := fnv.New64a()
				_, _ = io.WriteString(seed, op.OperationID)
				own := *a.API
				own.T = t
				c := &operationClient{t: t, api: api{&own},
					Generator: randomjson.Generator{Rand: rand.New(rand.NewPCG(seed.Sum64(), 7))},
					doc:       doc, path: path, method: method, op: op}
				c.sendMany(requests)
			})
		}
	}
	if operations < 25 {
		t.Errorf("only %d operations", operations)
	}
}

// operationClient sends generated requests to one operation, with an account of its own.
type operationClient struct {
	randomjson.Generator
	t            *testing.T
	api          api
	doc          *openapi3.T
	path, method string
	op           *openapi3.Operation

	accounts        int
	email, id       string
	access, refresh string
}

func (c *operationClient) sendMany(n int) {
	rejected := map[string]int{}
	c.signUp()
	for i := range n {
		name := fmt.Sprintf("request %d", i)
		corrupt := c.OneIn(corruptOneIn)
		got := c.send(corrupt)
		c.checkResponse(got, name)
		if code := got.Code(); slices.Contains(earlyRejections, code) {
			rejected[code]++
		}
		if got.Status == http.StatusUnauthorized && strings.HasPrefix(got.Code(), "token_") || c.endsSession(got) {
			c.signUp()
		}
		if c.t.Failed() {
			return
		}
	}
	total := 0
	for _, k := range rejected {
		total += k
	}
	// Without an upgrade every request to the stream is rejected, and without a real provider every connection to one.
	// A few dozen requests are too few for a share.
	refused := slices.Contains([]string{"streamChat", "setTeamSso"}, c.op.OperationID)
	if share := float64(total) / float64(n); n >= 1000 && share >= 0.1 && !refused {
		c.t.Errorf("%.1f %% of %d requests were rejected before the handler: %v", 100*share, n, rejected)
	}
}

// endsSession reports whether the response ended the session of its request.
func (c *operationClient) endsSession(got answer) bool {
	return got.Status < 300 && slices.Contains([]string{"logout", "requestAccountDeletion", "changePassword",
		"endSession"}, c.op.OperationID)
}

// signUp registers an account of the largest plan, with two backups if the operation is about backups.
func (c *operationClient) signUp() {
	c.accounts++
	c.email = fmt.Sprintf("%s-%d@example.com", strings.ToLower(c.op.OperationID), c.accounts)
	got := c.api.Do("POST", "/api/v1/auth/register", `{"email":"`+c.email+`","password":"`+password+`"}`, nil)
	if got.Status != http.StatusCreated {
		c.t.Fatalf("register: %d %s", got.Status, got.Body)
	}
	m := got.JSON(c.t)
	c.access, c.refresh = m["access_token"].(string), m["refresh_token"].(string)
	check(c.t, c.api.Accounts.SetTier(c.t.Context(), c.email, tier.Team, 1))
	if strings.HasPrefix(c.path, "/backup") {
		for version := range 2 {
			c.upload(version + 1)
		}
	}
	if c.op.OperationID == "endSession" {
		var sessions []struct{ ID string }
		check(c.t, json.Unmarshal(c.api.Do("GET", "/api/v1/auth/sessions", "", c.bearer()).Body, &sessions))
		c.id = sessions[0].ID
	}
}

func (c *operationClient) bearer() header { return header{"Authorization": "Bearer " + c.access} }

func (c *operationClient) upload(version int) {
	blob := make([]byte, 200)
	_, _ = c.Read(blob)
	sum := sha256.Sum256(blob)
	h := c.bearer()
	maps.Copy(h, header{"Content-Type": "application/octet-stream", "X-Backup-Version": strconv.Itoa(version),
		"X-Backup-Timestamp": "1767225600000", "X-Backup-Checksum": hex.EncodeToString(sum[:])})
	got := c.api.Send("PUT", "/api/v1/backup", bytes.NewReader(blob), h)
	if got.Status != http.StatusOK {
		c.t.Fatalf("upload: %d %s", got.Status, got.Body)
	}
	c.id = got.JSON(c.t)["id"].(string)
}

// send sends one request.
func (c *operationClient) send(corrupt bool) answer {
	body, headers := c.body(corrupt)
	path, parameters := randomjson.FillParameters(c.path, c.op.Parameters,
		func(p *openapi3.Parameter) (string, bool) { return c.parameter(p, corrupt, body) })
	maps.Copy(headers, parameters)
	if c.op.Security == nil || len(*c.op.Security) > 0 {
		headers["Authorization"] = "Bearer " + c.access
	}
	delete(headers, "Content-Length") // the HTTP client sets it
	var reader io.Reader = http.NoBody
	if body != nil {
		reader = bytes.NewReader(body)
	}
	return c.api.Send(c.method, "/api/v1"+path, reader, headers)
}

// parameter generates a parameter. Half of the ids exist.
func (c *operationClient) parameter(p *openapi3.Parameter, corrupt bool, body []byte) (string, bool) {
	switch {
	case corrupt && c.OneIn(3):
		return randomjson.ParameterText(c.AnyJSON(9)), true
	case p.Name == "X-Backup-Checksum" && c.OneIn(2):
		sum := sha256.Sum256(body)
		return hex.EncodeToString(sum[:]), true
	case p.Name == "X-Backup-Size":
		return strconv.Itoa(len(body)), c.OneIn(2)
	case p.Name == "X-Backup-Timestamp" && c.OneIn(2):
		return "1767225600000", true
	case p.Name == "redirect_uri" && !c.OneIn(64):
		return acceptedRedirect, true
	case p.In == "query" && (p.Name == "provider" || p.Name == "email") && !c.OneIn(64):
		return c.Word(), p.Name == "provider" // either, not both
	case p.Name == "keys" && !c.OneIn(16): // goes together with another
		return "", false
	case p.In == "path" && c.id != "" && c.OneIn(2):
		return c.id, true
	case !p.Required && c.OneIn(2):
		return "", false
	case p.Example != nil && c.OneIn(2):
		return randomjson.ParameterText(p.Example), true
	}
	return randomjson.ParameterText(c.Value(p.Schema, 0)), true
}

// body generates the operation's body, nil if it has none.
func (c *operationClient) body(corrupt bool) ([]byte, header) {
	if c.op.RequestBody == nil {
		return nil, header{}
	}
	content := c.op.RequestBody.Value.Content
	media := content["application/json"]
	if media == nil || c.op.OperationID == "receiveStripeEvent" {
		blob := make([]byte, 1+c.IntN(2000))
		_, _ = c.Read(blob)
		return blob, header{"Content-Type": slices.Sorted(maps.Keys(content))[0]}
	}
	value := c.Value(media.Schema, 0)
	if m, ok := value.(map[string]any); ok {
		c.useKnownSecrets(m)
	}
	if corrupt {
		value = c.Generator.Corrupt(value)
	}
	text, err := json.Marshal(value)
	check(c.t, err)
	if corrupt && c.OneIn(8) {
		text = text[:c.IntN(len(text))]
	}
	return text, header{"Content-Type": "application/json"}
}

// useKnownSecrets replaces generated secrets by those of the account, two times in three.
func (c *operationClient) useKnownSecrets(m map[string]any) {
	for name, value := range map[string]string{
		"email": c.email, "password": password, "current_password": password, "refresh_token": c.refresh,
	} {
		known := name != "email" || c.op.OperationID != "changeEmail"
		if _, there := m[name]; there && known && c.op.OperationID != "register" && !c.OneIn(3) {
			m[name] = value
		}
	}
	switch c.op.OperationID {
	case "changeEmail", "requestAccountDeletion", "linkSso": // only accounts without a password may leave it out
		if !c.OneIn(16) {
			m["password"] = password
			delete(m, "code")
		}
	}
	c.useAcceptedValues(m)
	if _, there := m["message"]; c.op.OperationID == "chat" && !there && !c.OneIn(64) {
		m["message"] = c.Word()
	}
}

const acceptedRedirect = "adiuva://auth"

// laterTools are the members of a question that goes on with an answer, which has no others.
var laterTools = []string{"continuation", "tool_results"}

// useAcceptedValues replaces most values that handlers would reject for reasons that a schema cannot express.
func (c *operationClient) useAcceptedValues(m map[string]any) {
	zones := []string{"UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia"}
	for name, value := range m {
		list, _ := value.([]any)
		switch text, isText := value.(string); {
		case name == "timezone" && isText && !c.OneIn(64):
			m[name] = zones[c.IntN(len(zones))]
		case strings.HasSuffix(name, "password") && isText && !c.OneIn(16):
			for len(text) < 8 {
				text += c.Word()
			}
			m[name] = strings.ToValidUTF8(text[:min(len(text), 1024)], "")
		case name == "redirect_uri" && !c.OneIn(64):
			m[name] = acceptedRedirect
		case name == "expires_at" && !c.OneIn(16):
			m[name] = 4102444800000 + c.IntN(1e9)
		case slices.Contains(laterTools, name) && !c.OneIn(64):
			delete(m, name)
		case name == "domains" && !c.OneIn(16):
			for i := range list {
				list[i] = fmt.Sprintf("%s%d.example", c.Word(), c.IntN(1e6))
			}
		case name == "client_tools" && !c.OneIn(64):
			for _, tool := range list {
				if tool, ok := tool.(map[string]any); ok {
					tool["parameters"] = map[string]any{"type": "object"}
				}
			}
			delete(m, "execution_mode") // plans have no tools of the app
		case name == "seats" && m["tier"] != "team" && !c.OneIn(16):
			delete(m, name)
		case name == "context":
			if inner, ok := value.(map[string]any); ok {
				c.useAcceptedValues(inner)
			}
		}
	}
}

// checkResponse fails the test for a 5xx and for whatever the contract does not have.
func (c *operationClient) checkResponse(got answer, name string) {
	if got.Status >= 500 {
		c.t.Errorf("%s: %d %s\n%s", name, got.Status, got.Body,
			logLines(c.api.Logs.String(), got.Header.Get("X-Request-Id")))
	}
	checkResponse(c.t, c.doc, c.path, c.method, c.op, got, name)
}

// logLines returns the lines of the log about one request.
func logLines(log, id string) string {
	var about []string
	for line := range strings.Lines(log) {
		if strings.Contains(line, id) {
			about = append(about, line)
		}
	}
	return strings.Join(about, "")
}
