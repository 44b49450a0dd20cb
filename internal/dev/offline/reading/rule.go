package reading

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Rule says what a clause must have for an intent. The members are explained in rules.yaml.
type Rule struct {
	Intent string   `yaml:"intent"`
	Starts []string `yaml:"starts"`
	Has    []string `yaml:"has"`
	Not    []string `yaml:"not"`
	Before []string `yaml:"before"` // the first concept stands before the others
	First  string   `yaml:"first"`  // the first table that the clause names
	Quoted bool     `yaml:"quoted"`
	Short  bool     `yaml:"short"` // no more than five words
}

// shortClause is how many words a clause may have for a rule with "short".
const shortClause = 5

// Concepts that a clause has by what it holds and not by words.
const (
	hasDay, hasClock, hasName = "day", "clock", "name"
	hasWords                  = "words"    // words that are neither concepts nor fill
	hasAsked                  = "asked"    // a question mark
	hasDefinite               = "definite" // the order is about a row that is there: "make the chairs urgent"
)

func (r *Reader) loadRules() error {
	text, err := data.ReadFile("rules.yaml")
	if err != nil {
		return err
	}
	var file struct {
		Rules   []Rule              `yaml:"rules"`
		Agents  map[string][]string `yaml:"agents"`
		ByTable []string            `yaml:"by_table"`
		Tables  map[string]string   `yaml:"tables"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return err
	}
	for _, rule := range file.Rules {
		lists := slices.Concat(rule.Starts, rule.Has, rule.Not, rule.Before)
		for _, names := range lists {
			for name := range strings.SplitSeq(names, "|") {
				if !r.known(name) {
					return fmt.Errorf("intent %s: there is no concept %q", rule.Intent, name)
				}
			}
		}
	}
	r.rules, r.tables = file.Rules, file.Tables
	for agent, intents := range file.Agents {
		for _, intent := range intents {
			r.agents[intent] = agent
		}
	}
	for _, intent := range file.ByTable {
		r.byTable[intent] = true
	}
	return nil
}

func (r *Reader) known(concept string) bool {
	return slices.Contains([]string{hasDay, hasClock, hasName, hasWords, hasAsked, hasDefinite}, concept) ||
		r.languages[0].Concepts[concept] != nil
}

// fits reports whether the clause is one of the rule's.
func (rule Rule) fits(c *Clause) bool {
	if len(rule.Starts) > 0 && !slices.ContainsFunc(rule.Starts, c.startsWith) {
		return false
	}
	if slices.ContainsFunc(rule.Has, func(names string) bool { return !c.HasAny(names) }) ||
		slices.ContainsFunc(rule.Not, c.HasAny) {
		return false
	}
	if len(rule.Before) == 2 {
		first, other := c.position(rule.Before[0]), c.position(rule.Before[1])
		if other >= 0 && other < first {
			return false
		}
	}
	if rule.First != "" && c.Table() != rule.First {
		return false
	}
	return (!rule.Quoted || len(c.Quoted) > 0) && (!rule.Short || len(c.tokens) <= shortClause)
}

// Intents returns the intents that the rules name.
func (r *Reader) Intents() (list []string) {
	for _, rule := range r.rules {
		if !slices.Contains(list, rule.Intent) {
			list = append(list, rule.Intent)
		}
	}
	return list
}

// intent returns the intent of the clause, or "".
func (r *Reader) intent(c *Clause) string {
	for _, rule := range r.rules {
		if rule.fits(c) {
			return rule.Intent
		}
	}
	return ""
}

// DefaultAgent answers what belongs to no other agent.
const DefaultAgent = "task_agent"

// agent returns the agent that an intent belongs to.
func (r *Reader) agent(c *Clause) string {
	if r.byTable[c.Intent] {
		for _, table := range []string{"task", "note", "project", "checkpoint", "client", "comment"} {
			if c.Has(table) && c.position(table) <= max(c.position("event"), c.position("email")) ||
				c.Has(table) && !c.HasAny("event|calendar|email|newsletter") {
				return DefaultAgent
			}
		}
		if concept := c.FirstByPlace(slices.Sorted(maps.Keys(r.tables))...); concept != "" {
			return r.tables[concept]
		}
		if c.Intent == "move" && c.Has(hasClock) && !c.Has(hasDay) || c.Intent == "delete" && c.startsWith("cancel") {
			return r.tables["event"]
		}
	}
	if agent := r.agents[c.Intent]; agent != "" {
		return agent
	}
	if c.Has("decide") {
		return DefaultAgent
	}
	if c.Intent == "question" || c.Intent == "when_due" || c.Intent == "reference" {
		for _, concept := range []string{"event", "newsletter"} {
			if c.Has(concept) && !c.Has("due") {
				return r.tables[concept]
			}
		}
	}
	return DefaultAgent
}
