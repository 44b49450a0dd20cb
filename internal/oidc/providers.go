package oidc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	maxFile      = 1 << 20
	maxProviders = 20 // the contract's list has no more
	maxMember    = 2048
)

// Named is a provider that an operator offers to everybody, under the name that apps ask for it by.
type Named struct {
	Name string
	Provider
}

// ReadProviders reads a file of providers, in the order in which they are to be shown:
//
//	providers:
//	  - name: google
//	    issuer: https://accounts.google.com
//	    client_id: 1234.apps.googleusercontent.com
//	    client_secret_file: google.secret # beside this file; or client_secret
//
// Every mistake is in the error at once, with its line, entry, member and what to write instead, and without the
// values, among which are secrets. With allowLoopback an issuer may be an http URL of this machine.
func ReadProviders(path string, allowLoopback bool) ([]Named, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	var file struct {
		Providers yaml.Node `yaml:"providers"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("%s: must be YAML with one member, providers, and nothing else", path)
	}
	if file.Providers.Kind != yaml.SequenceNode || len(file.Providers.Content) == 0 {
		return nil, fmt.Errorf("%s: providers: must be a list of at least one provider", path)
	}
	if len(file.Providers.Content) > maxProviders {
		return nil, fmt.Errorf("%s: providers: has more than %d entries", path, maxProviders)
	}
	r := providersReader{path: path, allowLoopback: allowLoopback}
	var providers []Named
	for i, entry := range file.Providers.Content {
		providers = append(providers, r.provider(i, entry))
		name := providers[i].Name
		if first := slices.IndexFunc(providers, func(n Named) bool { return n.Name == name }); name != "" && first < i {
			r.errorf(entry, i, "name", "%q is the name of providers[%d] too; give each its own", name, first)
		}
	}
	if len(r.errs) > 0 {
		return nil, errors.Join(r.errs...)
	}
	return providers, nil
}

type providersReader struct {
	path          string
	allowLoopback bool
	errs          []error
}

func (r *providersReader) errorf(at *yaml.Node, entry int, member, format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("%s: line %d: providers[%d].%s: %s",
		r.path, at.Line, entry, member, fmt.Sprintf(format, args...)))
}

var validName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

func (r *providersReader) provider(i int, entry *yaml.Node) Named {
	members := r.members(i, entry)
	name := r.text(i, entry, members, "name")
	if name != "" && !validName.MatchString(name) {
		r.errorf(members["name"], i, "name",
			"must be at most 32 lower-case letters, digits and hyphens, a letter first, such as google")
		name = ""
	}
	issuer := r.text(i, entry, members, "issuer")
	if issuer != "" && (checkURL(issuer, r.allowLoopback) != nil || strings.Contains(issuer, "?")) {
		r.errorf(members["issuer"], i, "issuer",
			"must be a public https:// URL without user, query and fragment, such as https://accounts.google.com")
	}
	clientID := r.text(i, entry, members, "client_id")
	return Named{Name: name, Provider: Provider{
		Issuer: issuer, ClientID: clientID, ClientSecret: r.secret(i, entry, members),
	}}
}

// members returns the members of an entry by name.
func (r *providersReader) members(i int, entry *yaml.Node) map[string]*yaml.Node {
	known := []string{"name", "issuer", "client_id", "client_secret", "client_secret_file"}
	members := map[string]*yaml.Node{}
	if entry.Kind != yaml.MappingNode {
		r.errorf(entry, i, "name", "is missing: an entry has name, issuer, client_id and client_secret")
		return nil
	}
	for at := 0; at+1 < len(entry.Content); at += 2 {
		key, value := entry.Content[at], entry.Content[at+1]
		switch {
		case !slices.Contains(known, key.Value):
			r.errorf(key, i, fmt.Sprintf("%.40s", key.Value), "is no member; use %s", strings.Join(known, ", "))
		case members[key.Value] != nil:
			r.errorf(key, i, key.Value, "is there twice; keep one")
		default:
			members[key.Value] = value
		}
	}
	return members
}

// text returns the text of a member that must be there; "" with an error if it is not.
func (r *providersReader) text(i int, entry *yaml.Node, members map[string]*yaml.Node, name string) string {
	if members == nil {
		return ""
	}
	value := members[name]
	switch {
	case value == nil:
		r.errorf(entry, i, name, "is missing; add it")
	case value.Kind != yaml.ScalarNode || value.Tag == "!!null" || strings.TrimSpace(value.Value) == "":
		r.errorf(value, i, name, "must be a text")
	case len(value.Value) > maxMember:
		r.errorf(value, i, name, "has more than %d bytes", maxMember)
	default:
		return strings.TrimSpace(value.Value)
	}
	return ""
}

// secret returns client_secret, or what is in the file that client_secret_file names.
func (r *providersReader) secret(i int, entry *yaml.Node, members map[string]*yaml.Node) string {
	file := members["client_secret_file"]
	if file == nil {
		return r.text(i, entry, members, "client_secret")
	}
	if members["client_secret"] != nil {
		r.errorf(file, i, "client_secret_file", "is there beside client_secret; keep one of them")
		return ""
	}
	path := r.text(i, entry, members, "client_secret_file")
	if path == "" {
		return ""
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(r.path), path)
	}
	text, err := readFile(path)
	secret := strings.TrimSpace(string(text))
	switch {
	case err != nil:
		r.errorf(file, i, "client_secret_file", "%v", err)
	case secret == "" || len(secret) > maxMember:
		r.errorf(file, i, "client_secret_file", "%s must hold the secret alone, of at most %d bytes", path, maxMember)
	}
	return secret
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s: has more than %d bytes", path, maxFile)
	}
	return text, nil
}
