package llm

import (
	"net/url"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"
)

// member is a set of things that a request may have and that not every server takes.
type member uint16

const (
	memberStore member = 1 << iota
	memberTemperature
	memberMaxTokens
	memberStreamOptions
	memberResponseFormat
	memberToolChoice
	memberStrict   // of tools: the form of schemas that the server enforces
	memberThoughts // of assistant messages: what the server sent as the model's reasoning
	memberExtras   // of tool calls: what the server sent beside name and arguments
	memberSystem   // the system role; without it, the system prompt begins the first user message
	memberTools    // tools; never left out, because agents need them
)

// The two names of the limit of an answer.
const (
	maxCompletionTokens = "max_completion_tokens" // OpenAI's present name, the only one for its reasoning models
	maxTokens           = "max_tokens"            // the name that every other server knows
)

// dialect says what a server takes for one model, and what it needs. It is a value: a change makes a new one.
type dialect struct {
	omit      member
	maxTokens string // the name of the limit of an answer
	limit     int    // the most that the limit may be, in tokens; 0 if unknown
	pinned    member // never left out: what the server refuses is then a failure
	renamed   bool   // the server has refused the other name of the limit
	stream    bool   // the server only streams
	whole     bool   // the server does not stream
	userFirst bool   // a conversation must begin with the user
	shortIDs  bool   // ids of tool calls must have nine letters and digits
	// emptyThoughts is set if an assistant message with tool calls must have a reasoning, be it empty.
	emptyThoughts bool
	// thinksFirst is set if the prompt ends with the tag that begins a thought, so that an answer has only its end.
	thinksFirst bool
}

func (d dialect) takes(m member) bool { return d.omit&m == 0 }

// hosts are the servers whose dialects are known. Others are learnt from what they refuse.
var hosts = []struct {
	suffix string
	dialect
}{
	{"api.openai.com", dialect{maxTokens: maxCompletionTokens, pinned: memberStore}},
	{".azure.com", dialect{maxTokens: maxCompletionTokens, pinned: memberStore}},
	{"api.mistral.ai", dialect{omit: memberStore | memberStreamOptions | memberThoughts, maxTokens: maxTokens}},
	{".googleapis.com", dialect{omit: memberStore, maxTokens: maxTokens}},
	{"api.deepseek.com", dialect{omit: memberStore, maxTokens: maxTokens}},
	{"api.groq.com", dialect{omit: memberStore, maxTokens: maxCompletionTokens}},
	{"api.cohere.ai", dialect{omit: memberStore, maxTokens: maxTokens}},
	{"api.cohere.com", dialect{omit: memberStore, maxTokens: maxTokens}},
	{"api.x.ai", dialect{omit: memberStore, maxTokens: maxCompletionTokens}},
	{"api.together.xyz", dialect{omit: memberStore, maxTokens: maxTokens}},
	{"api.fireworks.ai", dialect{omit: memberStore, maxTokens: maxTokens}},
}

// dialectOf returns what is known of the server at address. To one that is unknown everything is sent: it may hand the
// request on to a server that stores answers unless it is told not to.
func dialectOf(address *url.URL) dialect {
	host := strings.ToLower(address.Hostname())
	for _, h := range hosts {
		if host == h.suffix || strings.HasSuffix(host, "."+strings.TrimPrefix(h.suffix, ".")) {
			return h.dialect
		}
	}
	return dialect{maxTokens: maxTokens}
}

// forModel returns d with what the name of a model says: OpenAI's reasoning models take no temperature, and the first
// of them no system message. The name may have that of its maker before it, as in openai/gpt-5-mini.
func (d dialect) forModel(model string) dialect {
	name := strings.ToLower(model[strings.LastIndexByte(model, '/')+1:])
	for _, reasoning := range []string{"o1", "o3", "o4", "gpt-5"} {
		if rest, ok := strings.CutPrefix(name, reasoning); ok && (rest == "" || rest[0] == '-' || rest[0] == '.') {
			d.omit |= memberTemperature
			d.maxTokens = maxCompletionTokens
		}
	}
	switch name {
	case "o1", "o1-mini", "o1-preview", "o3", "o3-mini", "o3-preview":
		d.omit |= memberSystem
	}
	return d
}

// dialects has what was learnt of one server, by model. It is safe for concurrent use.
type dialects struct {
	first  dialect // what is known of the server before the first call
	learnt *lru.Cache[string, dialect]
}

// maxDialects bounds how many models are remembered: callers may name any.
const maxDialects = 256

func newDialects(first dialect) (*dialects, error) {
	learnt, err := lru.New[string, dialect](maxDialects)
	return &dialects{first: first, learnt: learnt}, err
}

func (l *dialects) of(model string) dialect {
	if d, ok := l.learnt.Get(model); ok {
		return d
	}
	return l.first.forModel(model)
}

// learn remembers d. Of two calls that learn different things at once, the last one counts; the other is learnt again.
func (l *dialects) learn(model string, d dialect) { l.learnt.Add(model, d) }
