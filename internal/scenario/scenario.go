// Package scenario has natural requests with what a good answer to each holds: which agents it goes to, which tools
// they call with what, and which changes, words and offers come back. Read takes them from a folder of YAML files, in
// the format of tests/scenarios/README.md; Turn.Check compares an answer with its expectation. The package asks no
// model.
package scenario

import (
	"encoding/json"
	"time"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/tier"
)

// Scenario is a conversation about one workspace. Nothing is carried out between its turns: the rows stay as they are.
type Scenario struct {
	Category string
	File     string // where it stands, with Line
	Line     int
	Tier     tier.Tier
	Plan     bool   // asks for a plan instead of an answer
	Timezone string // IANA name
	Now      time.Time
	// Context has the rows, documents, profile and history that come with the first turn.
	Context agent.Context
	Turns   []Turn // at least one
	// Gap says why the service falls short of this scenario at present; "" for all others.
	Gap string

	wire map[string]any
}

// Name returns the first message, by which reports call the scenario.
func (s Scenario) Name() string { return s.Turns[0].Say }

// Wire returns the context member of a ChatRequest with these rows, and with the history given.
func (s Scenario) Wire(history []agent.Turn) map[string]any {
	out := map[string]any{"timezone": s.Timezone}
	for name, value := range s.wire {
		out[name] = value
	}
	if len(history) > 0 {
		out["conversation_history"] = history
	}
	return out
}

// Turn is one message and what a good answer to it holds.
type Turn struct {
	Say  string
	Line int // of its file
	// Router is what a good router answers: names of agents, in order. It may name one that the tier lacks.
	Router []string
	Agents []string // the agents that answer, in order
	Calls  []Call   // of tools, in order
	// MaxCalls limits the calls of a model that finds its own way; a scripted one makes exactly Calls.
	MaxCalls int
	// MaxTokens limits what the model reads and writes for the turn, all calls together; 0 is no limit.
	MaxTokens int64
	Actions   []Change
	Proposals []Change
	Steps     []string // the types of the steps of a plan
	Upgrade   *Upgrade
	// MustSay lists what the answer says. One of the alternatives of each entry is enough.
	MustSay    [][]string
	MustNotSay []string
	// MustRead and MustNotRead list what some result of a tool holds, and what none holds.
	MustRead, MustNotRead []string
}

// Call is the call of a tool.
type Call struct {
	Tool      string
	Line      int            // of its file
	Arguments map[string]any // texts, numbers, bools, lists, maps and Loose
	// Refused calls are those of a model that obeys what others wrote. They change nothing; a good model does not make
	// them.
	Refused bool
}

// JSON returns the arguments as a model writes them, with loose values as given.
func (c Call) JSON() string {
	text, err := json.Marshal(plain(c.Arguments))
	if err != nil {
		return "{}" // arguments come from YAML, so that they can be written
	}
	return string(text)
}

// Change is an action or a proposal. Values of its data may be Loose.
type Change struct {
	Type   action.Kind
	Table  string
	Data   map[string]any
	Source Source // of a proposal: the row that asked for it; zero expects none in particular
}

// Source names a row.
type Source struct {
	Table string `json:"table"`
	ID    string `json:"id"`
}

// Upgrade says which tier has what this one lacks.
type Upgrade struct {
	Feature string    `yaml:"feature"`
	Tier    tier.Tier `yaml:"tier"`
}

// Rule says how a value is compared.
type Rule string

// The rules; a value without one is compared exactly.
const (
	Any  Rule = "!any"  // every value that is not empty
	Like Rule = "!like" // texts that hold all words of the value
	Time Rule = "!time" // texts that mean the same time
)

// Loose is a value that others may stand for.
type Loose struct {
	Rule  Rule
	Value any
}

// plain returns a value with every Loose in it replaced by its own value.
func plain(value any) any {
	switch v := value.(type) {
	case Loose:
		return plain(v.Value)
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, one := range v {
			out[name] = plain(one)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			out[i] = plain(one)
		}
		return out
	}
	return value
}
