package provider

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/tier"
)

const (
	maxFileBytes = 1 << 20
	maxProviders = 50
	maxNameBytes = 200
	maxTokens    = 100_000_000

	// ollamaContextTokens is less than elsewhere: Ollama takes memory for all of it.
	ollamaContextTokens = 16_384
)

// Source is where Load finds files and variables.
type Source struct {
	ReadFile func(path string) ([]byte, error)
	Getenv   func(name string) string
}

// Load reads a providers file and the keys that it refers to. Its error joins everything that is wrong, each with the
// file's name, the line and the remedy, and never with a value that may be a key.
func Load(path string, from Source) ([]Provider, error) {
	text, err := from.ReadFile(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: cannot be read: check the path and its permissions", path)
	case len(text) > maxFileBytes:
		return nil, fmt.Errorf("%s: is larger than 1 MiB", path)
	}
	l := &loader{path: path, from: from, names: map[string]int{}}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		l.fault(lineOf(err), "is not valid YAML") // err may quote a key
		return nil, errors.Join(l.faults...)
	}
	list := l.list(&doc)
	if len(l.faults) > 0 {
		return nil, errors.Join(l.faults...)
	}
	return list, nil
}

// lineOf returns the line that an error of the YAML library names, or 1.
func lineOf(err error) int {
	if m := regexp.MustCompile(`line (\d+)`).FindStringSubmatch(err.Error()); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			return n
		}
	}
	return 1
}

// loader collects faults.
type loader struct {
	path   string
	from   Source
	names  map[string]int // lines of the names so far
	faults []error
}

func (l *loader) fault(line int, format string, args ...any) {
	l.faults = append(l.faults, fmt.Errorf("%s:%d: %s", l.path, max(line, 1), fmt.Sprintf(format, args...)))
}

// list reads the document.
func (l *loader) list(doc *yaml.Node) []Provider {
	if len(doc.Content) == 0 {
		l.fault(1, "is empty: it needs a list named providers")
		return nil
	}
	top := l.members(doc.Content[0], "the file", "providers")
	providers, ok := top["providers"]
	if !ok || providers.Kind != yaml.SequenceNode || len(providers.Content) == 0 {
		l.fault(doc.Content[0].Line, "providers must be a list with at least one provider")
		return nil
	}
	if len(providers.Content) > maxProviders {
		l.fault(providers.Line, "providers has more than %d entries", maxProviders)
		return nil
	}
	var list []Provider
	for _, n := range providers.Content {
		list = append(list, l.provider(n))
	}
	return list
}

// members returns the members of a mapping. Unknown and repeated ones are faults.
func (l *loader) members(n *yaml.Node, what string, known ...string) map[string]*yaml.Node {
	out := map[string]*yaml.Node{}
	if n.Kind != yaml.MappingNode {
		l.fault(n.Line, "%s must have members (%s)", what, strings.Join(known, ", "))
		return out
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		_, twice := out[key.Value]
		switch {
		case !slices.Contains(known, key.Value):
			l.fault(key.Line, "%s has a member that is not known; known are %s", what, strings.Join(known, ", "))
		case twice:
			l.fault(key.Line, "%s has %s twice", what, key.Value)
		case value.Kind == yaml.AliasNode:
			l.fault(value.Line, "%s must not be an alias: write its value", key.Value)
		default:
			out[key.Value] = value
		}
	}
	return out
}

// needs is what a kind of provider needs.
type needs struct {
	baseURL string // the default; "" where it is required
	query   bool   // the URL may have a query
	keyless bool   // there are servers without keys
	context int    // the default of context_tokens
}

// needsOf returns what the kind needs, and false for one that is not known.
func needsOf(k Kind) (needs, bool) {
	const context = DefaultContextTokens
	switch k {
	case OpenAI:
		return needs{baseURL: "https://api.openai.com/v1", query: true, keyless: true, context: context}, true
	case Azure:
		return needs{query: true, context: context}, true
	case GoogleAI:
		return needs{baseURL: "https://generativelanguage.googleapis.com/v1beta/openai", context: context}, true
	case Mistral:
		return needs{baseURL: "https://api.mistral.ai/v1", context: context}, true
	case Anthropic:
		return needs{baseURL: "https://api.anthropic.com/v1", context: context}, true
	case Ollama:
		return needs{baseURL: "http://127.0.0.1:11434", keyless: true, context: ollamaContextTokens}, true
	}
	return needs{context: context}, false
}

// knownKinds is the remedy for a kind that is not known.
const knownKinds = "it must be openai (any server that speaks its protocol, gateways of Bedrock included), azure, " +
	"googleai, mistral, anthropic or ollama"

func (l *loader) provider(n *yaml.Node) Provider {
	m := l.members(n, "a provider", "name", "kind", "base_url", "api_key", "api_key_file", "api_key_env", "models",
		"context_tokens", "max_output_tokens", "tier", "vision", "strict_schemas")
	p := Provider{Line: n.Line}
	p.Name = l.name(n, m)
	p.Kind = Kind(l.text(m["kind"], "kind"))
	kind, known := needsOf(p.Kind)
	switch {
	case m["kind"] == nil:
		l.fault(n.Line, "a provider has no kind: %s", knownKinds)
	case !known:
		l.fault(m["kind"].Line, "kind is not known: %s", knownKinds)
	}
	p.BaseURL = cmp.Or(l.baseURL(m["base_url"], kind.query), kind.baseURL)
	if known && p.BaseURL == "" && m["base_url"] == nil {
		l.fault(n.Line, "a provider of kind %s needs a base_url", p.Kind)
	}
	p.APIKey = l.key(n, m, known && (!kind.keyless || p.Kind == OpenAI && m["base_url"] == nil))
	if models := m["models"]; models == nil {
		l.fault(n.Line, "a provider has no models: name at least models.agent")
	} else {
		names := l.members(models, "models", "agent", "router")
		if names["agent"] == nil {
			l.fault(models.Line, "models has no agent: it is the model that answers")
		}
		p.Agent = l.text(names["agent"], "models.agent")
		p.Router = cmp.Or(l.text(names["router"], "models.router"), p.Agent)
	}
	p.ContextTokens = cmp.Or(l.tokens(m["context_tokens"], "context_tokens"), kind.context)
	p.MaxOutputTokens = cmp.Or(l.tokens(m["max_output_tokens"], "max_output_tokens"),
		min(DefaultMaxOutputTokens, (p.ContextTokens+1)/2))
	if p.MaxOutputTokens >= p.ContextTokens {
		l.fault(cmp.Or(lineAt(m["max_output_tokens"]), lineAt(m["context_tokens"])), "max_output_tokens (%d) leaves "+
			"no room for a prompt in context_tokens (%d)", p.MaxOutputTokens, p.ContextTokens)
	}
	p.Tier = l.tier(m["tier"])
	p.Vision, p.StrictSchemas = l.flag(m["vision"], "vision"), l.flag(m["strict_schemas"], "strict_schemas")
	return p
}

func lineAt(n *yaml.Node) int {
	if n == nil {
		return 0
	}
	return n.Line
}

// name reads a name that no provider before has.
func (l *loader) name(n *yaml.Node, m map[string]*yaml.Node) string {
	if m["name"] == nil {
		l.fault(n.Line, "a provider has no name")
		return ""
	}
	name, line := l.text(m["name"], "name"), m["name"].Line
	switch first := l.names[name]; {
	case name == "":
	case !regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`).MatchString(name):
		l.fault(line, "name must be lower-case letters, digits, dots, hyphens and underscores, at most 63")
	case first > 0:
		l.fault(line, "name is that of the provider in line %d: give each its own", first)
	default:
		l.names[name] = line
	}
	return name
}

// text returns the text of a scalar, or "" for no node or after a fault.
func (l *loader) text(n *yaml.Node, member string) string {
	if n == nil {
		return ""
	}
	text := strings.TrimSpace(n.Value)
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || text == "" || len(text) > maxNameBytes ||
		strings.ContainsFunc(text, unicode.IsControl) {
		l.fault(n.Line, "%s must be a text of 1 to %d bytes", member, maxNameBytes)
		return ""
	}
	return text
}

func (l *loader) baseURL(n *yaml.Node, query bool) string {
	if n == nil {
		return ""
	}
	text := n.Value
	u, err := url.Parse(text)
	switch {
	case n.Kind != yaml.ScalarNode || err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" ||
		u.User != nil || strings.Contains(text, "#"):
		l.fault(n.Line, "base_url must be an absolute http or https URL, without user, password or fragment")
	case strings.Contains(text, "?") && !query:
		l.fault(n.Line, "base_url must have no query: this kind of provider takes none")
	case strings.HasSuffix(strings.TrimRight(u.Path, "/"), "/chat/completions"):
		l.fault(n.Line, "base_url must end before /chat/completions, which is added")
	default:
		return text
	}
	return ""
}

func (l *loader) tokens(n *yaml.Node, member string) int {
	if n == nil {
		return 0
	}
	number, err := strconv.Atoi(strings.ReplaceAll(n.Value, "_", ""))
	if n.Kind != yaml.ScalarNode || err != nil || number < 1 || number > maxTokens {
		l.fault(n.Line, "%s must be a whole number from 1 to %d", member, maxTokens)
		return 0
	}
	return number
}

func (l *loader) tier(n *yaml.Node) tier.Tier {
	if n == nil {
		return tier.Free
	}
	t, err := tier.Parse(n.Value)
	if err != nil {
		l.fault(n.Line, "tier must be free, pro, power or team")
		return tier.Free
	}
	return t
}

func (l *loader) flag(n *yaml.Node, member string) bool {
	var value bool
	if n != nil && n.Decode(&value) != nil {
		l.fault(n.Line, "%s must be true or false", member)
	}
	return value
}

// key returns the provider's key from the one member that has it or says where it is.
func (l *loader) key(n *yaml.Node, m map[string]*yaml.Node, required bool) agent.Key {
	var given []string
	for _, member := range []string{"api_key", "api_key_file", "api_key_env"} {
		if m[member] != nil {
			given = append(given, member)
		}
	}
	switch {
	case len(given) > 1:
		l.fault(m[given[1]].Line, "a provider has %s: keep one of them", strings.Join(given, " and "))
		return agent.Key{}
	case len(given) == 0 && required:
		l.fault(n.Line, "a provider has no key: give it api_key, api_key_file or api_key_env")
		return agent.Key{}
	case len(given) == 0:
		return agent.Key{}
	}
	at := m[given[0]]
	value := at.Value
	switch {
	case at.Kind != yaml.ScalarNode || value == "":
		l.fault(at.Line, "%s must be a text that is not empty", given[0])
		return agent.Key{}
	case given[0] == "api_key_file":
		if !filepath.IsAbs(value) {
			value = filepath.Join(filepath.Dir(l.path), value)
		}
		text, err := l.from.ReadFile(value)
		if err != nil {
			l.fault(at.Line, "api_key_file cannot be read: check the path and its permissions")
			return agent.Key{}
		}
		value = strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	case given[0] == "api_key_env":
		value = l.from.Getenv(value)
	}
	if !isKey(value) {
		l.fault(at.Line, "the key of %s is empty, an example, or has a space, a line break or a quotation mark in it",
			given[0])
		return agent.Key{}
	}
	return agent.NewKey(value)
}

// isKey reports whether text can be a key. White space and quotation marks come from editors and from readers of files
// that keep quotes; no vendor makes such keys.
func isKey(text string) bool {
	stray := func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\uFEFF' || r == '"' || r == '\''
	}
	return text != "" && !strings.ContainsFunc(text, stray) && !strings.Contains(text, "change-me")
}
