package mail

import (
	"embed"
	"fmt"
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

// Language is one of the languages that mails are written in.
type Language string

// The languages. The first is used for all others.
const (
	English Language = "en"
	German  Language = "de"
	Italian Language = "it"
)

// Languages returns every language.
func Languages() []Language { return []Language{English, German, Italian} }

// maxAcceptLanguage bounds how much of a header is read.
const maxAcceptLanguage = 256

// LanguageOf returns the language that an Accept-Language header asks for, English where there is none of ours in it.
func LanguageOf(acceptLanguage string) Language {
	if len(acceptLanguage) > maxAcceptLanguage {
		acceptLanguage = acceptLanguage[:strings.LastIndexByte(acceptLanguage[:maxAcceptLanguage], ',')+1]
	}
	tags, _, err := language.ParseAcceptLanguage(strings.TrimSuffix(acceptLanguage, ","))
	if err != nil {
		return English
	}
	_, i, _ := language.NewMatcher([]language.Tag{language.English, language.German, language.Italian}).Match(tags...)
	return Languages()[i]
}

//go:embed templates
var files embed.FS

// wording is what the mails of one language say.
type wording struct {
	CodeHint string          `yaml:"code_hint"`
	Open     string          `yaml:"open"`
	Footer   string          `yaml:"footer"`
	Mails    map[Kind]phrase `yaml:"mails"`
}

// phrase is what one mail says.
type phrase struct {
	Subject string   `yaml:"subject"`
	Text    []string `yaml:"text"`  // paragraphs
	After   []string `yaml:"after"` // below the code
}

type templates struct {
	html    *htmltemplate.Template
	text    *texttemplate.Template
	wording map[Language]wording
}

// loadTemplates reads the embedded templates. It fails where a language has no text for a kind.
func loadTemplates() (*templates, error) {
	t := templates{wording: map[Language]wording{}}
	var err error
	if t.html, err = htmltemplate.ParseFS(files, "templates/mail.html"); err != nil {
		return nil, fmt.Errorf("mail templates: %w", err)
	}
	if t.text, err = texttemplate.ParseFS(files, "templates/mail.txt"); err != nil {
		return nil, fmt.Errorf("mail templates: %w", err)
	}
	for _, l := range Languages() {
		raw, err := files.ReadFile("templates/" + string(l) + ".yaml")
		if err != nil {
			return nil, fmt.Errorf("mail templates: %w", err)
		}
		var w wording
		if err := yaml.Unmarshal(raw, &w); err != nil {
			return nil, fmt.Errorf("mail templates: %s: %w", l, err)
		}
		for _, kind := range Kinds() {
			if w.Mails[kind].Subject == "" || len(w.Mails[kind].Text) == 0 {
				return nil, fmt.Errorf("mail templates: %s has no text for %s", l, kind)
			}
		}
		t.wording[l] = w
	}
	return &t, nil
}

// content is what differs between mails of one kind and language.
type content struct {
	Code   string // "" for none
	AppURL string // "" for none
}

// page is what the templates show.
type page struct {
	phrase
	content
	Language Language
	CodeHint string
	Open     string
	Footer   string
}

// AppLink returns AppURL as a link. Operators set it, and it may have the app's own scheme.
func (p page) AppLink() htmltemplate.URL { return htmltemplate.URL(p.AppURL) }

// SpacedCode returns the code in two groups, which is easier to read.
func (p page) SpacedCode() string { return p.Code[:len(p.Code)/2] + " " + p.Code[len(p.Code)/2:] }

// render returns the mail, without recipient and id.
func (t *templates) render(kind Kind, lang Language, c content) (Message, error) {
	words, ok := t.wording[lang]
	if !ok {
		words = t.wording[English]
	}
	said, ok := words.Mails[kind]
	if !ok {
		return Message{}, fmt.Errorf("there is no mail of the kind %q", kind)
	}
	p := page{
		phrase: said, content: c, Language: lang, CodeHint: words.CodeHint, Open: words.Open, Footer: words.Footer,
	}
	var html, text strings.Builder
	if err := t.html.Execute(&html, p); err != nil {
		return Message{}, fmt.Errorf("render a mail: %w", err)
	}
	if err := t.text.Execute(&text, p); err != nil {
		return Message{}, fmt.Errorf("render a mail: %w", err)
	}
	return Message{Subject: said.Subject, Text: text.String(), HTML: html.String()}, nil
}
