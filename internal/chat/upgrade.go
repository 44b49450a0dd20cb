package chat

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/tier"
)

// maxNoticeTokens is more than the date and the notices at the end of a system prompt have, abilities apart.
const maxNoticeTokens = 300

// Upgrade names what a message asks for and the user's tier lacks.
type Upgrade struct {
	Feature string    // the name of an agent
	Tier    tier.Tier // the lowest that has it

	subject string // what the agent does, for people
}

// upgradeTo returns what a user needs to have the agent, or nil if no tier has it.
func (o *Orchestrator) upgradeTo(a *agent.Agent) *Upgrade {
	lowest, ok := o.cfg.Agents.LowestTier(a)
	if !ok {
		return nil
	}
	subject := strings.ReplaceAll(strings.TrimSuffix(a.Name(), "_agent"), "_", " ")
	if skills := a.Skills(); len(skills) > 0 {
		subject += " (" + strings.Join(skills, ", ") + ")"
	}
	return &Upgrade{Feature: a.Name(), Tier: lowest, subject: subject}
}

// plan returns the tier's name for people.
func (u *Upgrade) plan() string { return strings.ToUpper(string(u.Tier[:1])) + string(u.Tier[1:]) }

// notice tells the model what the tier lacks.
func (u *Upgrade) notice() string {
	return fmt.Sprintf("The person's plan does not include %s; the %s plan does. Say so in one sentence that names "+
		"%s, and then do what your tools can do for the request.", u.subject, u.plan(), u.plan())
}

// notice returns what to tell the agents that answer, or "": what the tier lacks, and for the default agent, which
// answers "what can you do?", what the tier has.
func (o *Orchestrator) notice(r routing, t tier.Tier) string {
	var list []string
	abilities := o.abilities[knownTier(t)]
	if abilities != "" && len(r.agents) == 1 && r.agents[0].Name() == FallbackAgent {
		list = append(list, abilities)
	}
	if r.upgrade != nil {
		list = append(list, r.upgrade.notice())
	}
	return strings.Join(list, " ")
}

// abilitiesOf says what the agents can do, by their skills, or returns "" if they have none.
func abilitiesOf(agents []*agent.Agent) string {
	var skills []string
	for _, a := range agents {
		skills = append(skills, a.Skills()...)
	}
	if len(skills) == 0 {
		return ""
	}
	return "With this person's plan the assistant can: " + strings.Join(skills, ", ") + "."
}

// missingFrom returns the sentence that the answer needs at its end, or "" if the answer names the plan. Where the
// user's own texts have that word, its occurrence proves nothing.
func (u *Upgrade) missingFrom(answer string, userTexts []string) string {
	if u == nil {
		return ""
	}
	plan := regexp.MustCompile(`(?:^|[^\p{L}\p{N}])` + u.plan() + `(?:$|[^\p{L}\p{N}])`)
	if plan.MatchString(answer) && !slices.ContainsFunc(userTexts, plan.MatchString) {
		return ""
	}
	return fmt.Sprintf("\n\nYour plan does not include %s; the %s plan does.", u.subject, u.plan())
}
