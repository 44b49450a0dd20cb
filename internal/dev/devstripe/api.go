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

const sessionLife = 24 * time.Hour

func atoi(text string) (int, error) { return strconv.Atoi(text) }

// refusal is an error as Stripe answers it.
type refusal struct {
	status              int
	kind, code, message string
}

var errMissing = &refusal{http.StatusNotFound, "invalid_request_error", "resource_missing", "No such object."}

func invalid(format string, args ...any) *refusal {
	return &refusal{http.StatusBadRequest, "invalid_request_error", "parameter_invalid", fmt.Sprintf(format, args...)}
}

func (s *Server) routes() {
	for pattern, do := range map[string]func(*http.Request) (object, *refusal){
		"POST /v1/customers":                     s.createCustomer,
		"GET /v1/customers":                      s.listCustomers,
		"GET /v1/customers/{id}":                 s.getCustomer,
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
	} {
		s.mux.HandleFunc(pattern, s.api(do))
	}
	s.mux.HandleFunc("/v1/", s.api(func(r *http.Request) (object, *refusal) {
		return nil, &refusal{http.StatusNotFound, "invalid_request_error", "", "Unrecognized request URL (" + r.Method + ": " + r.URL.Path + ")."}
	}))
	s.pages()
}

// api answers one call: the key, the faults that a test asked for, idempotency, and then the work itself.
func (s *Server) api(do func(*http.Request) (object, *refusal)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the caller is gone
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if err := r.ParseForm(); err != nil {
			answer(w, nil, invalid("The body cannot be read."))
			return
		}
		if key, _, ok := r.BasicAuth(); !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer sk_") && (!ok || !strings.HasPrefix(key, "sk_")) {
			answer(w, nil, &refusal{http.StatusUnauthorized, "invalid_request_error", "", "You did not provide an API key."})
			return
		}
		key := r.Header.Get("Idempotency-Key")
		fault := s.note(r, string(body), key)
		if fault.before(w, r) {
			return
		}
		status, text := s.once(r, string(body), key, fault, do)
		if fault == LoseAnswer {
			panic(http.ErrAbortHandler)
		}
		write(w, status, text)
	}
}

// note records the call and returns what is to go wrong with it.
func (s *Server) note(r *http.Request, body, key string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, Call{Method: r.Method, Path: r.URL.RequestURI(), Body: body, Key: key})
	return s.fault(r)
}

// once does the work, or repeats what an earlier call with the key was answered, a failure too.
func (s *Server) once(r *http.Request, body, key string, fault Fault, do func(*http.Request) (object, *refusal)) (int, []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	request := r.Method + " " + r.URL.Path + " " + body
	if old := s.state.Remembered[key]; r.Method == http.MethodPost && key != "" && old != nil {
		if old.Request != request {
			return render(nil, &refusal{http.StatusBadRequest, "idempotency_error", "", "This key was used with other parameters."})
		}
		return old.Status, old.Body
	}
	var o object
	var no *refusal
	if fault == ServerError {
		no = &refusal{http.StatusInternalServerError, "api_error", "", "Something went wrong on Stripe's end."}
	} else {
		o, no = do(r)
	}
	status, text := render(o, no)
	if r.Method == http.MethodPost && key != "" {
		s.state.Remembered[key] = &remembered{Request: request, Status: status, Body: text}
	}
	if r.Method != http.MethodGet {
		s.save()
	}
	return status, text
}

func render(o object, no *refusal) (int, []byte) {
	status := http.StatusOK
	if no != nil {
		status, o = no.status, object{"error": object{"type": no.kind, "code": no.code, "message": no.message}}
	}
	text, err := json.Marshal(o)
	if err != nil {
		panic(err) // it is made of strings, numbers and maps
	}
	return status, text
}

func write(w http.ResponseWriter, status int, text []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Request-Id", newID("req"))
	w.WriteHeader(status)
	_, _ = w.Write(text) // to whoever is left
}

func answer(w http.ResponseWriter, o object, no *refusal) {
	status, text := render(o, no)
	write(w, status, text)
}

// nested returns the members of a form's map, such as metadata[name].
func nested(form url.Values, prefix string) map[string]string {
	found := map[string]string{}
	for name, values := range form {
		if inner, ok := strings.CutPrefix(name, prefix+"["); ok && strings.HasSuffix(inner, "]") {
			found[strings.TrimSuffix(inner, "]")] = values[0]
		}
	}
	return found
}

func (s *Server) createCustomer(r *http.Request) (object, *refusal) {
	c := &customer{ID: newID("cus"), Email: r.PostFormValue("email"), Metadata: nested(r.PostForm, "metadata"), Created: s.now()}
	s.state.Customers = append(s.state.Customers, c)
	return c.object(), nil
}

func (s *Server) listCustomers(r *http.Request) (object, *refusal) {
	var list []object
	for _, c := range slices.Backward(s.state.Customers) {
		if want := r.FormValue("email"); !c.Deleted && (want == "" || want == c.Email) {
			list = append(list, c.object())
		}
	}
	return page(r, "/v1/customers", list), nil
}

func (s *Server) getCustomer(r *http.Request) (object, *refusal) {
	c := s.state.customer(r.PathValue("id"))
	if c == nil {
		return nil, errMissing
	}
	return c.object(), nil
}

func (s *Server) deleteCustomer(r *http.Request) (object, *refusal) {
	c := s.state.customer(r.PathValue("id"))
	if c == nil {
		return nil, errMissing
	}
	c.Deleted = true
	for _, x := range s.state.Subscriptions {
		if x.Customer == c.ID && !x.ended() {
			s.end(x)
		}
	}
	return object{"id": c.ID, "object": "customer", "deleted": true}, nil
}

func (s *Server) createSession(r *http.Request) (object, *refusal) {
	form := r.PostForm
	if form.Get("mode") != "subscription" || form.Get("success_url") == "" {
		return nil, invalid("Only mode=subscription with a success_url is known here.")
	}
	if s.state.customer(form.Get("customer")) == nil {
		return nil, errMissing
	}
	quantity, err := atoi(form.Get("line_items[0][quantity]"))
	price := form.Get("line_items[0][price]")
	if err != nil || quantity < 1 || s.tierOf(price) == "" {
		return nil, invalid("No such price, or no quantity.")
	}
	x := &session{
		ID: newID("cs_test"), Customer: form.Get("customer"), Status: "open", Price: price, Quantity: quantity,
		Metadata: nested(form, "metadata"), SubMetadata: nested(form, "subscription_data[metadata]"),
		Reference:  form.Get("client_reference_id"),
		SuccessURL: form.Get("success_url"), CancelURL: form.Get("cancel_url"), Created: s.now(),
	}
	s.state.Sessions = append(s.state.Sessions, x)
	return s.sessionObject(x, r.Host), nil
}

func (s *Server) listSessions(r *http.Request) (object, *refusal) {
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
	return page(r, "/v1/checkout/sessions", list), nil
}

func (s *Server) getSession(r *http.Request) (object, *refusal) {
	x := s.state.session(r.PathValue("id"))
	if x == nil {
		return nil, errMissing
	}
	return s.sessionObject(x, r.Host), nil
}

func (s *Server) expireSession(r *http.Request) (object, *refusal) {
	x := s.state.session(r.PathValue("id"))
	if x == nil {
		return nil, errMissing
	}
	if x.Status != "open" {
		return nil, invalid("Only Checkout Sessions with a status in [\"open\"] can be expired.")
	}
	x.Status = "expired"
	return s.sessionObject(x, r.Host), nil
}
