package docsite

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	documents "github.com/adiuva/cloud-api/docs"
	"github.com/adiuva/cloud-api/internal/fault"
)

//go:embed pages.html
var pages string

// errorPage is the data of an error code's page.
type errorPage struct {
	fault.Entry
	Version string
}

// Title is the status's name, as in the problem document.
func (e errorPage) Title() string { return http.StatusText(e.Status) }

// problem is a problem document with its members in the contract's order.
type problem struct {
	Type      string          `json:"type"`
	Title     string          `json:"title"`
	Status    int             `json:"status"`
	Detail    string          `json:"detail"`
	Instance  string          `json:"instance"`
	Code      string          `json:"code"`
	RequestID string          `json:"request_id"`
	Errors    []invalidMember `json:"errors,omitempty"`
}

type invalidMember struct {
	Pointer string `json:"pointer"`
	Message string `json:"message"`
}

// Example returns a problem document with this code, as indented JSON.
func (e errorPage) Example() (string, error) {
	p := problem{
		Type:      "https://api.example.com/docs/errors/" + string(e.Code),
		Title:     e.Title(),
		Status:    e.Status,
		Detail:    e.Cause,
		Instance:  "/api/v1/chat",
		Code:      string(e.Code),
		RequestID: "0199a3f27c1e7b419d555f0f2c6b8a10",
	}
	if e.Code == fault.ValidationFailed {
		p.Errors = []invalidMember{{Pointer: "/message", Message: "must not be empty"}}
	}
	text, err := json.MarshalIndent(p, "", "  ")
	return string(text), err
}

// landingPage is where a checkout ends in the browser. It redirects to the app.
type landingPage struct {
	path  string
	Title string
	Text  string
	App   template.URL
}

var landingPages = []landingPage{
	{
		path:  "/billing/success",
		Title: "Thank you",
		Text:  "Your plan is set up as soon as the payment is confirmed, which takes a few seconds.",
		App:   "adiuva://billing/success",
	},
	{
		path:  "/billing/cancel",
		Title: "Nothing was paid",
		Text:  "You left the checkout, and your plan is what it was.",
		App:   "adiuva://billing/cancel",
	},
}

// markdown returns the documents that are written in Markdown, by the path of their page.
func markdown() map[string][]byte {
	return map[string][]byte{
		"/docs/guide": documents.Guide, "/docs/clients": documents.Clients, "/docs/sso": documents.SSO,
		"/docs/changelog": documents.Changelog,
	}
}

// page is a rendered page and its path on the server.
type page struct {
	path   string
	policy string
	body   []byte
}

// renderer executes the page templates.
type renderer struct {
	templates *template.Template
	link      func(from, to string) string // returns the link from one path of the server to another
	inline    bool                         // writes policies into the pages, for servers that do not send them
}

func newRenderer(link func(from, to string) string, inline bool) (renderer, error) {
	placeholders := template.FuncMap{ // page sets the real ones
		"link":   func(string) string { return "" },
		"policy": func() string { return "" },
		"twin":   func() string { return "" },
	}
	templates, err := template.New("pages").Funcs(placeholders).Parse(pages)
	return renderer{templates, link, inline}, err
}

func (r renderer) page(path, name, policy string, data any) (page, error) {
	templates, err := r.templates.Clone()
	if err != nil {
		return page{}, err
	}
	templates.Funcs(template.FuncMap{
		"link": func(to string) string { return r.link(path, to) },
		"twin": func() string {
			if !hasTwin(path) {
				return ""
			}
			return r.link(path, twin(path))
		},
		"policy": func() string {
			if !r.inline {
				return ""
			}
			return strings.ReplaceAll(policy, "; frame-ancestors 'none'", "") // ignored outside a header
		},
	})
	var body bytes.Buffer
	if err := templates.ExecuteTemplate(&body, name, data); err != nil {
		return page{}, fmt.Errorf("page %s: %w", path, err)
	}
	return page{path, policy, body.Bytes()}, nil
}

// documentation returns the reference, the guide, the changelog, the list of errors and a page for each error code.
func (r renderer) documentation(version, script string) ([]page, error) {
	type source struct {
		path, template, policy string
		data                   any
	}
	var codes []errorPage
	for _, e := range fault.Catalogue() {
		codes = append(codes, errorPage{e, version})
	}
	sources := []source{
		{"/docs", "reference", referencePolicy, script},
		{"/docs/errors", "index", strictPolicy, struct {
			Version string
			Codes   []errorPage
		}{version, codes}},
	}
	for path, text := range markdown() {
		title, body, err := renderMarkdown(text, func(to string) string { return r.link(path, to) })
		if err != nil {
			return nil, fmt.Errorf("page %s: %w", path, err)
		}
		sources = append(sources, source{path, "document", strictPolicy, struct {
			Title, Version string
			Body           template.HTML
		}{title, version, body}})
	}
	for _, e := range codes {
		sources = append(sources, source{"/docs/errors/" + string(e.Code), "error", strictPolicy, e})
	}
	list := make([]page, 0, len(sources))
	for _, s := range sources {
		rendered, err := r.page(s.path, s.template, s.policy, s.data)
		if err != nil {
			return nil, err
		}
		list = append(list, rendered)
	}
	return list, nil
}

// addPages adds the documentation, the landing pages, that of failed sign-ins and that of passkeys to the routes.
func (s *Site) addPages(version, script string) error {
	r, err := newRenderer(func(_, to string) string { return to }, false)
	if err != nil {
		return err
	}
	list, err := r.documentation(version, script)
	if err != nil {
		return err
	}
	for _, l := range landingPages {
		landing, err := r.page(l.path, "landing", strictPolicy, l)
		if err != nil {
			return err
		}
		list = append(list, landing)
	}
	failed, err := r.page("/sso/failed", "failed", strictPolicy, fault.SSOFailed)
	if err != nil {
		return err
	}
	signIn, err := r.page("/passkeys", "passkeys", passkeyPolicy, "Passkeys")
	if err != nil {
		return err
	}
	list = append(list, failed, signIn)
	s.routes["/passkeys/app.js"] = newFileHandler("text/javascript; charset=utf-8", strictPolicy, passkeys)
	for path, text := range twins(func(_, to string) string { return to }) {
		s.routes[path] = newFileHandler(markdownType, strictPolicy, text)
	}
	for _, p := range list {
		s.routes[p.path] = newFileHandler("text/html; charset=utf-8", p.policy, p.body)
	}
	return nil
}
