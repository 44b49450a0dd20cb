package devstripe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const checkoutLifetime = 24 * time.Hour

// apiError is an error response of Stripe's API.
type apiError struct {
	status              int
	kind, code, message string
	param               string
}

var (
	errNoSuchObject = &apiError{
		status: http.StatusNotFound, kind: "invalid_request_error", code: "resource_missing",
		message: "No such object.", param: "id",
	}
	errNoSuchCustomer = &apiError{
		status: http.StatusNotFound, kind: "invalid_request_error", code: "resource_missing",
		message: "No such customer.", param: "customer",
	}
	errNoSuchPrice = &apiError{
		status: http.StatusBadRequest, kind: "invalid_request_error", code: "resource_missing",
		message: "No such price.", param: "line_items[0][price]",
	}
	errRateLimited = &apiError{
		status: http.StatusTooManyRequests, kind: "invalid_request_error", code: "rate_limit",
		message: "Too many requests.",
	}
	errNoKey = &apiError{
		status: http.StatusUnauthorized, kind: "invalid_request_error", message: "You did not provide an API key.",
	}
	errKeyReused = &apiError{
		status: http.StatusBadRequest, kind: "idempotency_error", message: "This key was used with other parameters.",
	}
	errInternal = &apiError{
		status: http.StatusInternalServerError, kind: "api_error", message: "Something went wrong on Stripe's end.",
	}
)

func invalidParameter(format string, args ...any) *apiError {
	return &apiError{
		status: http.StatusBadRequest, kind: "invalid_request_error", code: "parameter_invalid",
		message: fmt.Sprintf(format, args...),
	}
}

func (s *Server) registerRoutes() {
	for pattern, handle := range map[string]operation{
		"POST /v1/customers":                     s.createCustomer,
		"GET /v1/customers":                      s.listCustomers,
		"GET /v1/customers/{id}":                 s.getCustomer,
		"POST /v1/customers/{id}":                s.updateCustomer,
		"DELETE /v1/customers/{id}":              s.deleteCustomer,
		"POST /v1/checkout/sessions":             s.createSession,
		"GET /v1/checkout/sessions":              s.listSessions,
		"GET /v1/checkout/sessions/{id}":         s.getSession,
		"POST /v1/checkout/sessions/{id}/expire": s.expireSession,
		"POST /v1/billing_portal/sessions":       s.createPortal,
		"GET /v1/subscriptions":                  s.listSubscriptions,
		"GET /v1/subscriptions/{id}":             s.getSubscription,
		"POST /v1/subscriptions/{id}":            s.updateSubscription,
		"DELETE /v1/subscriptions/{id}":          s.cancelSubscription,
		"GET /v1/prices/{id}":                    s.getPrice,
		"GET /v1/products/{id}":                  s.getProduct,
		"GET /v1/account":                        s.getAccount,
		"GET /v1/invoices":                       s.listInvoices,

		"POST /v1/subscription_schedules/{id}/release": s.releaseSchedule,
	} {
		s.mux.HandleFunc(pattern, s.apiHandler(handle))
	}
	s.mux.HandleFunc("/v1/", s.apiHandler(func(r *http.Request) (object, *apiError) {
		message := "Unrecognized request URL (" + r.Method + ": " + r.URL.Path + ")."
		return nil, &apiError{status: http.StatusNotFound, kind: "invalid_request_error", message: message}
	}))
	s.registerPages()
}

// operation handles one endpoint. The caller holds the lock.
type operation = func(*http.Request) (object, *apiError)

// apiHandler wraps an operation with the check of the API key, injected faults, and idempotency.
func (s *Server) apiHandler(handle operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client is gone
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if err := r.ParseForm(); err != nil {
			writeError(w, invalidParameter("The body cannot be read."))
			return
		}
		if !hasAPIKey(r) {
			writeError(w, errNoKey)
			return
		}
		key := r.Header.Get("Idempotency-Key")
		fault := s.recordCall(r, string(body), key)
		if apiErr := s.interfere(r); apiErr != nil {
			writeError(w, apiErr)
			return
		}
		if fault.failEarly(w, r) {
			return
		}
		status, response := s.runIdempotent(r, string(body), key, fault, handle)
		if fault == DropResponse {
			panic(http.ErrAbortHandler)
		}
		writeResponse(w, status, response)
	}
}

// hasAPIKey reports whether the request has a secret key, which Stripe accepts as a bearer token and as a user name.
func hasAPIKey(r *http.Request) bool {
	user, _, ok := r.BasicAuth()
	return strings.HasPrefix(r.Header.Get("Authorization"), "Bearer sk_") || ok && strings.HasPrefix(user, "sk_")
}

// recordCall records the request and returns the fault to inject.
func (s *Server) recordCall(r *http.Request, body, key string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, Call{Method: r.Method, Path: r.URL.RequestURI(), Body: body, Key: key})
	return s.fault(r)
}

// runIdempotent runs the operation, or returns the saved response, be it an error, of an earlier request with the key.
func (s *Server) runIdempotent(
	r *http.Request, body, key string, fault Fault, handle operation,
) (status int, response []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	request := r.Method + " " + r.URL.Path + " " + body
	idempotent := r.Method == http.MethodPost && key != ""
	if saved := s.state.Remembered[key]; idempotent && saved != nil {
		if saved.Request != request {
			return encodeResponse(nil, errKeyReused)
		}
		return saved.Status, saved.Body
	}
	var o object
	apiErr := errInternal
	if fault != ServerError {
		o, apiErr = handle(r)
	}
	status, response = encodeResponse(o, apiErr)
	if idempotent {
		s.state.Remembered[key] = &savedResponse{Request: request, Status: status, Body: response}
	}
	if r.Method != http.MethodGet {
		s.save()
	}
	return status, response
}

// encodeResponse encodes o, or apiErr when it is not nil.
func encodeResponse(o object, apiErr *apiError) (status int, body []byte) {
	status = http.StatusOK
	if apiErr != nil {
		status = apiErr.status
		o = object{"error": object{"type": apiErr.kind, "code": apiErr.code, "message": apiErr.message}}
		if apiErr.param != "" {
			o["error"].(object)["param"] = apiErr.param
		}
	}
	body, err := json.Marshal(o)
	if err != nil {
		panic(err) // cannot happen: it consists of strings, numbers and maps
	}
	return status, body
}

func writeResponse(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Request-Id", newID("req"))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
}

func writeError(w http.ResponseWriter, apiErr *apiError) {
	status, body := encodeResponse(nil, apiErr)
	writeResponse(w, status, body)
}

// formMap returns the entries of a map in a form, such as metadata[name].
func formMap(form url.Values, prefix string) map[string]string {
	found := map[string]string{}
	for name, values := range form {
		if inner, ok := strings.CutPrefix(name, prefix+"["); ok && strings.HasSuffix(inner, "]") {
			found[strings.TrimSuffix(inner, "]")] = values[0]
		}
	}
	return found
}

func (s *Server) createCustomer(r *http.Request) (object, *apiError) {
	c := &customer{
		ID: newID("cus"), Email: r.PostFormValue("email"),
		Metadata: formMap(r.PostForm, "metadata"), Created: s.now(),
	}
	s.state.Customers = append(s.state.Customers, c)
	return c.object(), nil
}

func (s *Server) listCustomers(r *http.Request) (object, *apiError) {
	var list []object
	for _, c := range slices.Backward(s.state.Customers) {
		if want := r.FormValue("email"); !c.Deleted && (want == "" || want == c.Email) {
			list = append(list, c.object())
		}
	}
	return listObject(r, "/v1/customers", list), nil
}

func (s *Server) getCustomer(r *http.Request) (object, *apiError) {
	c := s.state.customer(r.PathValue("id"))
	if c == nil {
		return nil, errNoSuchObject
	}
	return c.object(), nil
}

func (s *Server) updateCustomer(r *http.Request) (object, *apiError) {
	c := s.state.customer(r.PathValue("id"))
	if c == nil {
		return nil, errNoSuchObject
	}
	if r.PostForm.Has("email") {
		c.Email = r.PostFormValue("email")
	}
	return c.object(), nil
}

func (s *Server) deleteCustomer(r *http.Request) (object, *apiError) {
	c := s.state.customer(r.PathValue("id"))
	if c == nil {
		return nil, errNoSuchObject
	}
	s.removeCustomer(c)
	return object{"id": c.ID, "object": "customer", "deleted": true}, nil
}

func (s *Server) createSession(r *http.Request) (object, *apiError) {
	form := r.PostForm
	if form.Get("mode") != "subscription" || form.Get("success_url") == "" {
		return nil, invalidParameter("Only mode=subscription with a success_url is known here.")
	}
	if s.state.customer(form.Get("customer")) == nil {
		return nil, errNoSuchCustomer
	}
	quantity, err := strconv.Atoi(form.Get("line_items[0][quantity]"))
	price := form.Get("line_items[0][price]")
	if !s.hasPrice(price) {
		return nil, errNoSuchPrice
	}
	if err != nil || quantity < 1 {
		return nil, invalidParameter("No quantity.")
	}
	x := &session{
		ID: newID("cs_test"), Customer: form.Get("customer"), Status: "open", Price: price, Quantity: quantity,
		Metadata: formMap(form, "metadata"), SubMetadata: formMap(form, "subscription_data[metadata]"),
		Reference:  form.Get("client_reference_id"),
		SuccessURL: form.Get("success_url"), CancelURL: form.Get("cancel_url"), Created: s.now(),
	}
	s.state.Sessions = append(s.state.Sessions, x)
	return s.sessionObject(x, r.Host), nil
}

func (s *Server) listSessions(r *http.Request) (object, *apiError) {
	if !s.everHadCustomer(r.FormValue("customer")) {
		return nil, errNoSuchCustomer
	}
	var list []object
	for _, x := range slices.Backward(s.state.Sessions) {
		if want := r.FormValue("customer"); want != "" && x.Customer != want {
			continue
		}
		if want := r.FormValue("status"); want != "" && x.Status != want {
			continue
		}
		list = append(list, s.sessionObject(x, r.Host))
	}
	return listObject(r, "/v1/checkout/sessions", list), nil
}

func (s *Server) getSession(r *http.Request) (object, *apiError) {
	x := s.state.session(r.PathValue("id"))
	if x == nil {
		return nil, errNoSuchObject
	}
	return s.sessionObject(x, r.Host), nil
}

func (s *Server) expireSession(r *http.Request) (object, *apiError) {
	x := s.state.session(r.PathValue("id"))
	if x == nil {
		return nil, errNoSuchObject
	}
	if x.Status != "open" {
		return nil, invalidParameter("Only Checkout Sessions with a status in [\"open\"] can be expired.")
	}
	x.Status = "expired"
	return s.sessionObject(x, r.Host), nil
}
