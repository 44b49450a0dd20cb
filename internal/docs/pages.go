package docs

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
)

//go:embed pages.html
var pages string

// Title is the status's name, as in the problem document.
func (e Entry) Title() string { return http.StatusText(e.Status) }

// problem is a problem document's members in the contract's order.
type problem struct {
	Type      string   `json:"type"`
	Title     string   `json:"title"`
	Status    int      `json:"status"`
	Detail    string   `json:"detail"`
	Instance  string   `json:"instance"`
	Code      string   `json:"code"`
	RequestID string   `json:"request_id"`
	Errors    []member `json:"errors,omitempty"`
}

type member struct {
	Pointer string `json:"pointer"`
	Message string `json:"message"`
}

// Example returns a problem document of this code.
func (e Entry) Example() (string, error) {
	p := problem{
		Type: "https://api.example.com/docs/errors/" + e.Code, Title: e.Title(), Status: e.Status, Detail: e.Cause,
		Instance: "/api/v1/chat", Code: e.Code, RequestID: "0199a3f27c1e7b419d555f0f2c6b8a10",
	}
	if e.Code == "validation_failed" {
		p.Errors = []member{{Pointer: "/message", Message: "must not be empty"}}
	}
	text, err := json.MarshalIndent(p, "", "  ")
	return string(text), err
}

// landing is a page on which a checkout ends in the browser. It hands over to the app.
type landing struct {
	path, Title, Text string
	App               template.URL
}

func landings() []landing {
	return []landing{
		{"/billing/success", "Thank you", "Your plan is set up as soon as the payment is confirmed, which takes a few seconds.", "adiuva://billing/success"},
		{"/billing/cancel", "Nothing was paid", "You left the checkout, and your plan is what it was.", "adiuva://billing/cancel"},
	}
}

// addPages makes the pages after a checkout, the reference, the index of errors and a page for each.
func (s *Site) addPages(version, script string) error {
	set, err := template.New("pages").Parse(pages)
	if err != nil {
		return err
	}
	add := func(path, name, policy string, data any) error {
		var body bytes.Buffer
		if err := set.ExecuteTemplate(&body, name, data); err != nil {
			return fmt.Errorf("page %s: %w", path, err)
		}
		s.routes[path] = newFile("text/html; charset=utf-8", policy, body.Bytes())
		return nil
	}
	if err := add("/docs", "reference", scalarPolicy, script); err != nil {
		return err
	}
	for _, l := range landings() {
		if err := add(l.path, "landing", plainPolicy, l); err != nil {
			return err
		}
	}
	list := Catalogue()
	index := struct {
		Version string
		Codes   []Entry
	}{version, list}
	if err := add("/docs/errors", "index", plainPolicy, index); err != nil {
		return err
	}
	for _, e := range list {
		page := struct {
			Entry
			Version string
		}{e, version}
		if err := add("/docs/errors/"+e.Code, "error", plainPolicy, page); err != nil {
			return err
		}
	}
	return nil
}
