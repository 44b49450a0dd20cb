package scenario

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/tier"
)

// Known is what scenarios may name.
type Known struct {
	Agents []string
	Tools  map[string][]string // the arguments of each tool; nil means that they are not known
}

// maxName limits the length of a name in an ID.
const maxName = 60

// maxFaults limits how many mistakes an error of Validate lists.
const maxFaults = 20

// Validate returns an error that lists every agent, tool and argument that the scenarios name and that is not known,
// and every request that is there twice, each with file and line. Refused calls may have arguments that no tool takes.
func Validate(list []Scenario, known Known) error {
	v := &validator{known: known}
	seen := make(map[string]Scenario, len(list))
	for _, s := range list {
		v.file = s.File
		if other, twice := seen[s.ID()]; twice {
			v.report(s.Line, "is the same request as in %s:%d", other.File, other.Line)
		}
		seen[s.ID()] = s
		for _, t := range s.Turns {
			named := slices.Concat(t.Agents, t.Router)
			slices.Sort(named)
			for _, name := range slices.Compact(named) {
				if !slices.Contains(known.Agents, name) {
					v.report(t.Line, "there is no agent %q; there are %s", name, strings.Join(known.Agents, ", "))
				}
			}
			for _, c := range t.Calls {
				v.call(c)
			}
		}
	}
	if more := len(v.faults) - maxFaults; more > 0 {
		v.faults = append(v.faults[:maxFaults], fmt.Errorf("and %d more mistakes", more))
	}
	return errors.Join(v.faults...)
}

type validator struct {
	known  Known
	file   string
	faults []error
}

func (v *validator) report(line int, format string, args ...any) {
	v.faults = append(v.faults, locate(v.file, line, fmt.Errorf(format, args...)))
}

func (v *validator) call(c Call) {
	arguments, ok := v.known.Tools[c.Tool]
	if !ok {
		v.report(c.Line, "there is no tool %q; there are %s", c.Tool,
			strings.Join(slices.Sorted(maps.Keys(v.known.Tools)), ", "))
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.Arguments)) {
		if arguments != nil && !c.Refused && !slices.Contains(arguments, name) {
			v.report(c.Line, "%s has no argument %q; there are %s", c.Tool, name, strings.Join(arguments, ", "))
		}
	}
}

// ID names the scenario by its category, its first words and a hash of all that is sent. It is the same in every set
// that has the same request, and can be the name of a file in a folder.
func (s Scenario) ID() string {
	sent := struct {
		Tier     tier.Tier
		Plan     bool
		Timezone string
		Now      time.Time
		Context  agent.Context
		Say      []string
	}{s.Tier, s.Plan, s.Timezone, s.Now, s.Context, nil}
	for _, t := range s.Turns {
		sent.Say = append(sent.Say, t.Say)
	}
	slug := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return ' '
	}, strings.ToLower(s.Name()))
	words := strings.Fields(slug)
	name := strings.Join(append(words[:min(len(words), 6)], digest(sent)), "-")
	return s.Category + "/" + strings.TrimLeft(name[max(len(name)-maxName, 0):], "-")
}

// Expectation is a hash of what the scenario expects: two runs can be compared where it is the same.
func (s Scenario) Expectation() string {
	turns := slices.Clone(s.Turns)
	for i := range turns {
		turns[i].Line = 0
		turns[i].Calls = slices.Clone(turns[i].Calls)
		for j := range turns[i].Calls {
			turns[i].Calls[j].Line = 0
		}
	}
	return digest(turns)
}

// digest returns the first eight hexadecimal digits of a hash of a value of plain data.
func digest(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		text = fmt.Append(nil, value) // not reached: everything in a scenario was read from YAML
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:4])
}
