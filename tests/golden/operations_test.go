package golden_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

const (
	basePath  = "/api/v1"
	unknownID = "0199a3f2-7c1e-7b41-9d55-5f0f2c6b8a11"
)

// backupHeaders describe the backup "backup bytes".
var backupHeaders = header{
	"Content-Type": "application/octet-stream", "X-Backup-Version": "3", "X-Backup-Timestamp": "1767225600000",
	"X-Backup-Checksum": "7171b7ccbaa1ac3767c1e75815c6c5bca6634f141b55b4d1a398ddf2a76b75df",
}

// validRequests has one for every operation of the contract, without its token. Operations that end the caller's
// session or account get a wrong password here and are recorded by accounts.
var validRequests = map[string]request{
	"register":               {body: credentials("operation@example.com", password)},
	"login":                  {body: credentials("operation@example.com", password)},
	"refreshTokens":          {body: `{"refresh_token":"v1.x.1.y"}`},
	"logout":                 {},
	"getMe":                  {},
	"requestAccountDeletion": {body: `{"password":"wrong password"}`},
	"changePassword":         {body: `{"current_password":"wrong password","new_password":"staple battery horse"}`},
	"listSessions":           {},
	"requestPasswordReset":   {body: `{"email":"nobody@example.com"}`},
	"confirmPasswordReset": {body: `{"handle":"YI5SHZXGQMQGPZ6QL7P2M4ZWQY","code":"4711 0815",` +
		`"new_password":"staple battery horse"}`},
	"requestEmailVerification":  {},
	"confirmEmailVerification":  {body: `{"code":"4711 0815"}`},
	"changeEmail":               {body: `{"email":"other@example.com","password":"wrong password"}`},
	"confirmEmailChange":        {body: `{"code":"4711 0815"}`},
	"loginWithSecondFactor":     {body: `{"ticket":"3JFWSAPQ7DDRQ4NRKLPCK6AWXU","code":"492039"}`},
	"getTotp":                   {},
	"createTotp":                {body: `{"password":"` + password + `"}`},
	"confirmTotp":               {body: `{"code":"492039"}`},
	"deleteTotp":                {body: `{"password":"` + password + `","code":"492039"}`},
	"listPasskeys":              {},
	"deletePasskey":             {path: "/auth/passkeys/" + unknownID},
	"startPasskeyRegistration":  {body: `{"password":"` + password + `","name":"My laptop"}`},
	"finishPasskeyRegistration": {body: `{"ticket":"Q6ZT2MHN4RXC7WVKP3DYJ5LBSA","credential":{}}`},
	"startPasskeyLogin": {body: `{"redirect_uri":"adiuva://auth","code_challenge":` +
		`"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}`},
	"finishPasskeyLogin": {body: `{"ticket":"Q6ZT2MHN4RXC7WVKP3DYJ5LBSA","credential":{}}`},
	"getPasskeyOptions":  {body: `{"ticket":"Q6ZT2MHN4RXC7WVKP3DYJ5LBSA"}`},
	"exchangePasskeyCode": {body: `{"code":"T5RNKD4WZU2OXJ6PB2VAM7HIEQ","code_verifier":` +
		`"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}`},
	"listSsoProviders": {},
	"startSso": {path: "/auth/sso/start?provider=google&redirect_uri=adiuva://auth&code_challenge_method=S256" +
		"&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&state=af0ifjsldkj"},
	"finishSso": {path: "/auth/sso/callback?state=Q6ZT2MHN4RXC7WVKP3DYJ5LBSA&code=SplxlOBeZQQYbYS6WxSbIA"},
	"exchangeSsoCode": {body: `{"code":"T5RNKD4WZU2OXJ6PB2VAM7HIEQ","code_verifier":` +
		`"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}`},
	"linkSso":            {body: `{"ticket":"Q6ZT2MHN4RXC7WVKP3DYJ5LBSA","password":"` + password + `"}`},
	"requestSsoLinkCode": {body: `{"ticket":"Q6ZT2MHN4RXC7WVKP3DYJ5LBSA"}`},
	"getTeamSso":         {},
	"deleteTeamSso":      {},
	"setTeamSso": {body: `{"issuer":"https://127.0.0.1/","client_id":"adiuva","client_secret":"s3cret",` +
		`"domains":["example.com"]}`},
	"endSession": {path: "/auth/sessions/" + unknownID},
	"chat":       {body: `{"message":"create a task 'Call Anna' for tomorrow, high priority"}`},
	"streamChat": {},
	"chatBatch":  {body: `{"requests":[{"message":"what is overdue?"},{"message":""}]}`},
	"compactHistory": {body: `{"conversation_history":` +
		`[{"role":"user","content":"The offer is due Friday."}]}`},
	"getUsage":           {},
	"listPlaybooks":      {},
	"getPlaybook":        {path: "/plans/playbook/daily_standup"},
	"runStep":            {body: `{"prompt_template":"tpl_standup","data":[{"title":"Call Anna"}]}`},
	"putBackup":          {headers: backupHeaders, body: "backup bytes"},
	"getLatestBackup":    {},
	"headLatestBackup":   {},
	"listBackupHistory":  {},
	"getBackup":          {path: "/backup/" + unknownID},
	"headBackup":         {path: "/backup/" + unknownID},
	"deleteBackup":       {path: "/backup/" + unknownID},
	"listTiers":          {},
	"createCheckout":     {body: `{"tier":"pro"}`},
	"createPortal":       {},
	"receiveStripeEvent": {body: `{"id":"evt_1","type":"invoice.paid"}`},
	"getSubscription":    {},
	"cancelSubscription": {},
	"listAgents":         {},
	"listModels":         {},
	"getHealth":          {},
	"createKey":          {body: `{"name":"Nightly report","scopes":["chat"]}`},
	"listKeys":           {},
	"deleteKey":          {path: "/keys/" + unknownID},
	"listAuthEvents":     {},
	"exportAccount":      {},

	"getTeam":              {},
	"updateTeam":           {body: `{"name":"Design"}`},
	"listTeamMembers":      {},
	"setTeamRole":          {path: "/team/members/" + unknownID, body: `{"role":"admin"}`},
	"removeTeamMember":     {path: "/team/members/" + unknownID},
	"listTeamInvitations":  {},
	"inviteTeamMember":     {body: `{"email":"grace@example.com"}`},
	"revokeTeamInvitation": {path: "/team/invitations/" + unknownID},
	"joinTeam":             {body: `{"code":"K7QM2X 9TBH4W"}`},
	"handOverTeam":         {body: `{"user_id":"` + unknownID + `","password":"wrong password"}`},
}

// operations walks the contract: each operation with every token it may meet, its valid request and wrong ones.
func (w *walk) operations() {
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(w.s.repository, "openapi", "openapi.yaml"))
	check(w.t, err)
	caller := w.register("walker", "team")
	paths := doc.Paths.Map()
	recordings := map[string]*recording{} // by the first segment of the path: one file would be too large
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		name := strings.Split(path, "/")[1]
		if recordings[name] == nil {
			recordings[name] = newRecording(w.t, filepath.Join("operations", name+".golden"), w.s.mask)
		}
		w.r = recordings[name]
		operations := paths[path].Operations()
		for _, method := range slices.Sorted(maps.Keys(operations)) {
			op := operations[method]
			valid, known := validRequests[op.OperationID]
			if !known {
				w.t.Errorf("%s has no valid request: add one to validRequests", op.OperationID)
				continue
			}
			valid.method = method
			if valid.path == "" {
				valid.path = path
			}
			valid.path = basePath + valid.path
			w.operation(op, append(slices.Clone(paths[path].Parameters), op.Parameters...), valid, caller)
		}
		w.otherMethods(path, operations)
	}
	for _, name := range slices.Sorted(maps.Keys(recordings)) {
		recordings[name].compare()
	}
}

// operation records one operation.
func (w *walk) operation(op *openapi3.Operation, parameters openapi3.Parameters, valid request, caller account) {
	id := op.OperationID
	if public := op.Security != nil && len(*op.Security) == 0; !public {
		w.do(id+": without a token", valid)
		for title, value := range sortedBy(map[string]string{
			"with a malformed token": "Bearer not-a-token",
			"with another scheme":    "Basic YTpi",
			"with an empty token":    "Bearer ",
		}) {
			w.do(id+": "+title, valid.withHeaders(header{"Authorization": value}))
		}
		session := caller
		if id == "logout" {
			session = w.login(caller)
		}
		valid = valid.withHeaders(session.bearer())
	}
	w.do(id+": valid", valid)
	if id == "logout" {
		valid = valid.withHeaders(caller.bearer()) // the wrong requests below end nothing
	}
	for _, p := range parameters {
		w.parameter(id, p.Value, valid)
	}
	if op.RequestBody == nil {
		return
	}
	if media := op.RequestBody.Value.Content.Get("application/json"); media != nil && id != "receiveStripeEvent" {
		w.jsonBody(id, media.Schema.Value, valid)
	}
	wrongType := valid.withHeaders(header{"Content-Type": "text/plain"})
	w.do(id+": wrong media type", wrongType)
}

// parameter records values that the parameter does not allow.
func (w *walk) parameter(id string, p *openapi3.Parameter, valid request) {
	for _, value := range []string{"-1", "not-a-value", strings.Repeat("x", 5000)} {
		title := id + ": " + p.In + " parameter " + p.Name + " is " + shortTitle(value)
		q := valid
		switch p.In {
		case "query":
			q.path += "?" + p.Name + "=" + value
		case "path":
			q.path = q.path[:strings.LastIndex(q.path, "/")+1] + value
		case "header":
			if p.Name == "Content-Length" {
				continue // the HTTP client sets it
			}
			q = q.withHeaders(header{p.Name: value})
		}
		w.do(title, q)
	}
	if p.In == "header" && p.Required {
		q := valid
		q.headers = maps.Clone(valid.headers)
		delete(q.headers, p.Name)
		w.do(id+": without header "+p.Name, q)
	}
}

func shortTitle(value string) string {
	if len(value) > 100 {
		return "too long"
	}
	return value
}

// jsonBody records bodies that are no JSON, too large, or have wrong members.
func (w *walk) jsonBody(id string, schema *openapi3.Schema, valid request) {
	wrong := map[string]any{}
	for name := range schema.Properties {
		wrong[name] = []any{map[string]any{"unexpected": true}}
	}
	wrongMembers, err := json.Marshal(wrong)
	check(w.t, err)
	for title, body := range sortedBy(map[string]string{
		"no body":                    "",
		"broken JSON":                `{"a":`,
		"text after the JSON":        valid.body + " {}",
		"a member given twice":       `{"password":"a","password":"b"}`,
		"an array":                   `[]`,
		"null":                       `null`,
		"an empty object":            `{}`,
		"every member of wrong type": string(wrongMembers),
		"an unknown member":          strings.TrimSuffix(valid.body, "}") + `,"unknown_member":1}`,
		"invalid UTF-8":              "{\"a\":\"\xff\"}",
		"nested too deeply":          strings.Repeat("[", 5000) + strings.Repeat("]", 5000),
		"too large":                  valid.body + strings.Repeat(" ", 1<<20),
	}) {
		q := valid.withHeaders(header{"Content-Type": "application/json"})
		q.body = body
		w.do(id+": body is "+title, q)
	}
	charset := header{"Content-Type": "application/json; charset=latin1"}
	w.do(id+": media type with a charset", valid.withHeaders(charset))
	w.do(id+": encoded body", valid.withHeaders(header{"Content-Encoding": "gzip"}))
}

// otherMethods records the methods that the path does not have, and a preflight.
func (w *walk) otherMethods(path string, operations map[string]*openapi3.Operation) {
	path = basePath + strings.NewReplacer("{id}", unknownID, "{backup_id}", unknownID,
		"{plan_id}", "daily_standup").Replace(path)
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"} {
		if operations[method] == nil {
			w.do("method not in the contract: "+method+" "+path, request{method: method, path: path})
		}
	}
	w.do("preflight: "+path, request{method: http.MethodOptions, path: path,
		headers: header{"Origin": "app://adiuva", "Access-Control-Request-Method": "POST"}})
}

func (q request) withHeaders(more header) request {
	q.headers = q.headers.with(more)
	return q
}

// sortedBy yields a map's entries in the order of its keys.
func sortedBy[V any](m map[string]V) func(yield func(string, V) bool) {
	return func(yield func(string, V) bool) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if !yield(key, m[key]) {
				return
			}
		}
	}
}

// edge records what every route shares: origins, request ids, header limits and unknown paths.
func (w *walk) edge() {
	health := request{method: "GET", path: basePath + "/health"}
	for title, headers := range sortedBy(map[string]header{
		"origin of the app":                  {"Origin": "app://adiuva"},
		"origin on localhost":                {"Origin": "http://localhost:5173"},
		"origin on localhost without port":   {"Origin": "http://localhost"},
		"origin of our own":                  {"Origin": w.s.base},
		"forbidden origin":                   {"Origin": "https://evil.example"},
		"origin null":                        {"Origin": "null"},
		"forbidden origin of a look-alike":   {"Origin": "http://localhost.evil.example:80"},
		"request id of the client":           {"X-Request-Id": "my-request_1"},
		"request id that is refused":         {"X-Request-Id": "my request"},
		"request id that is too long":        {"X-Request-Id": strings.Repeat("a", 65)},
		"headers larger than the limit":      {"X-Padding": strings.Repeat("a", 33<<10)},
		"public address behind the proxy":    {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "api.example.com"},
		"a token where none is needed":       {"Authorization": "Bearer not-a-token"},
		"an Accept that cannot be satisfied": {"Accept": "image/png"},
	}) {
		w.do(title, health.withHeaders(headers))
	}
	w.do("preflight of a forbidden origin", request{method: "OPTIONS", path: basePath + "/chat",
		headers: header{"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}})
	w.do("problem behind the proxy", request{method: "GET", path: basePath + "/auth/me",
		headers: header{"X-Forwarded-Proto": "https", "Origin": "app://adiuva"}})
	for _, path := range []string{"/nothing", "//", basePath, basePath + "/", basePath + "/nothing",
		basePath + "/chat/", basePath + "/auth/../health", basePath + "/backup/..%2fx",
		"/docs/errors/nothing", "/metrics"} {
		w.do("unknown path "+path, request{method: "GET", path: path})
	}
	w.do("head of health", request{method: "HEAD", path: basePath + "/health"})
	w.do("get with a body", request{method: "GET", path: basePath + "/health", body: `{"a":1}`})
}

// pages records the pages outside the contract. Texts of documents are not recorded, those of the errors' pages are.
func (w *walk) pages() {
	for _, path := range []string{"/", "/livez", "/readyz", "/billing/success", "/billing/cancel"} {
		w.do("page "+path, request{method: "GET", path: path})
	}
	documents := []string{"/docs", "/docs/guide", "/docs/errors", "/docs/changelog", "/docs/app.js", "/docs/style.css",
		"/docs/scalar.js", "/openapi.yaml", "/openapi.json", "/asyncapi.yaml", "/asyncapi.json"}
	for _, path := range documents {
		q := request{method: "GET", path: path, hideBody: true}
		resp := w.do("page "+path, q)
		w.do("page again "+path, q.withHeaders(header{"If-None-Match": resp.header.Get("Etag")}))
		q.method = "HEAD"
		if head := w.send(q); head.status != resp.status || len(head.body) > 0 {
			w.t.Errorf("HEAD %s: %d", path, head.status)
		}
		q.method = "POST"
		w.do("page by POST "+path, q)
	}
	w.do("compressed page", request{method: "GET", path: "/docs/scalar.js", hideBody: true,
		headers: header{"Accept-Encoding": "gzip"}})
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(w.s.repository, "openapi", "openapi.yaml"))
	check(w.t, err)
	for _, code := range doc.Components.Schemas["ErrorCode"].Value.Enum {
		path := "/docs/errors/" + code.(string)
		resp := w.send(request{method: "GET", path: path})
		_, text, _ := strings.Cut(string(resp.body), "<main>")
		text, _, found := strings.Cut(text, "</main>")
		if resp.status != http.StatusOK || !found {
			w.t.Errorf("GET %s: %d", path, resp.status)
		}
		w.r.add("page "+path, text)
	}
}
