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

// errorPage is an entry of the error catalogue as the pages show it.
type errorPage struct {
	fault.Entry
	Version string
}

// Title is the status's name, as in the problem document.
func (e errorPage) Title() string { return http.StatusText(e.Status) }

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
func (e errorPage) Example() (string, error) {
	p := problem{
		Type: "https://api.example.com/docs/errors/" + string(e.Code), Title: e.Title(), Status: e.Status, Detail: e.Cause,
		Instance: "/api/v1/chat", Code: string(e.Code), RequestID: "0199a3f27c1e7b419d555f0f2c6b8a10",
	}
	if e.Code == fault.ValidationFailed {
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

// page is one page of the site, at its path on the server.
type page struct {
	path, policy string
	body         []byte
}

// printer fills templates. link turns a path of the server, as a page at another refers to it, into an address.
type printer struct {
	set  *template.Template
	link func(from, to string) string
	meta bool // policies are written into the pages, because no server will send them
}

func newPrinter(link func(from, to string) string, meta bool) (printer, error) {
	none := func(string) string { return "" }
	set, err := template.New("pages").Funcs(template.FuncMap{"link": none, "policy": func() string { return "" }}).Parse(pages)
	return printer{set, link, meta}, err
}

func (p printer) page(path, name, policy string, data any) (page, error) {
	set, err := p.set.Clone()
	if err != nil {
		return page{}, err
	}
	set.Funcs(template.FuncMap{
		"link": func(to string) string { return p.link(path, to) },
		"policy": func() string {
			if !p.meta {
				return ""
			}
			return strings.ReplaceAll(policy, "; frame-ancestors 'none'", "") // which only a header can say
		},
	})
	var body bytes.Buffer
	if err := set.ExecuteTemplate(&body, name, data); err != nil {
		return page{}, fmt.Errorf("page %s: %w", path, err)
	}
	return page{path, policy, body.Bytes()}, nil
}

// documentation prints the reference, the guide, the changelog, the index of errors and a page for each.
func (p printer) documentation(version, script string) ([]page, error) {
	type kind struct {
		path, name, policy string
		data               any
	}
	var codes []errorPage
	for _, e := range fault.Catalogue() {
		codes = append(codes, errorPage{e, version})
	}
	kinds := []kind{
		{"/docs", "reference", scalarPolicy, script},
		{"/docs/errors", "index", plainPolicy, struct {
			Version string
			Codes   []errorPage
		}{version, codes}},
	}
	for path, source := range map[string][]byte{"/docs/guide": documents.Guide, "/docs/changelog": documents.Changelog} {
		title, body, err := rendered(source, func(to string) string { return p.link(path, to) })
		if err != nil {
			return nil, fmt.Errorf("page %s: %w", path, err)
		}
		kinds = append(kinds, kind{path, "document", plainPolicy, struct {
			Title, Version string
			Body           template.HTML
		}{title, version, body}})
	}
	for _, e := range codes {
		kinds = append(kinds, kind{"/docs/errors/" + string(e.Code), "error", plainPolicy, e})
	}
	list := make([]page, 0, len(kinds))
	for _, k := range kinds {
		one, err := p.page(k.path, k.name, k.policy, k.data)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// addPages adds the documentation and the pages after a checkout.
func (s *Site) addPages(version, script string) error {
	p, err := newPrinter(func(_, to string) string { return to }, false)
	if err != nil {
		return err
	}
	list, err := p.documentation(version, script)
	if err != nil {
		return err
	}
	for _, l := range landings() {
		one, err := p.page(l.path, "landing", plainPolicy, l)
		if err != nil {
			return err
		}
		list = append(list, one)
	}
	for _, one := range list {
		s.routes[one.path] = newFile("text/html; charset=utf-8", one.policy, one.body)
	}
	return nil
}
