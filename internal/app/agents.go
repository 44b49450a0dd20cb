package app

import (
	"fmt"
	"slices"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/analytics"
	"github.com/adiuva/cloud-api/internal/agent/calendar"
	"github.com/adiuva/cloud-api/internal/agent/declared"
	"github.com/adiuva/cloud-api/internal/agent/email"
	"github.com/adiuva/cloud-api/internal/agent/task"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/playbook"
)

// builtinAgents returns the agents written in Go, in the order in which tiers include them.
func builtinAgents(model agent.Model) []*agent.Agent {
	return []*agent.Agent{task.New(model), calendar.New(model), email.New(model), analytics.New(model)}
}

// NewTemplates returns the templates of the catalogue and those that the plans of agents name.
func NewTemplates(agents *agent.Registry) (*playbook.Templates, error) {
	catalogue, err := playbook.Catalogue()
	if err != nil {
		return nil, err
	}
	for i, t := range catalogue {
		catalogue[i].Facts = factsOf(t.ID)
	}
	return playbook.NewTemplates(slices.Concat(catalogue, agents.Templates())...)
}

// factsOf returns the facts of a template of the catalogue, which the agents compute, or nil.
func factsOf(template string) playbook.Facts {
	switch template {
	case "tpl_calendar_conflicts":
		return calendar.ConflictFacts()
	case "tpl_email_tasks":
		return email.ItemFacts()
	case "tpl_overdue_cleanup":
		return task.OverdueFacts()
	case "tpl_weekly_report":
		return analytics.MetricFacts()
	}
	return nil
}

// NewAgents returns the registry of the built-in agents and, after them, the declared ones.
func NewAgents(model agent.Model, manifests *declared.Set) (*agent.Registry, error) {
	return agent.NewRegistry(append(builtinAgents(model), manifests.Agents(model)...)...)
}

// LoadManifests reads the manifests in AGENTS_DIR; without one it returns nil, which is an empty set. What is wrong
// with them is a ConfigError that names file, line and reason.
func LoadManifests(cfg config.Config) (*declared.Set, error) {
	if cfg.AgentsDir == "" {
		return nil, nil
	}
	var taken []string
	for _, a := range builtinAgents(nil) {
		taken = append(taken, a.Name())
	}
	set, err := declared.Load(cfg.AgentsDir, taken...)
	if err != nil {
		return nil, ConfigError{fmt.Errorf("the agents in AGENTS_DIR are wrong:\n%w", err)}
	}
	return set, nil
}
