package playbook

import (
	"fmt"

	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/tier"
)

// Library is the immutable list of playbooks.
type Library struct {
	plans []Plan
}

// NewLibrary returns the library, or an error for a playbook without an id, title, description or tier, or with the
// id of another one.
func NewLibrary(plans ...Plan) (*Library, error) {
	seen := make(map[string]bool, len(plans))
	for _, p := range plans {
		if p.ID == "" || p.Title == "" || p.Description == "" || p.Tier == "" {
			return nil, fmt.Errorf("playbook %q needs an id, a title, a description and a tier", p.ID)
		}
		if seen[p.ID] {
			return nil, fmt.Errorf("duplicate playbook %q", p.ID)
		}
		seen[p.ID] = true
	}
	return &Library{plans: plans}, nil
}

// For returns the playbooks that the tier includes, in order.
func (l *Library) For(t tier.Tier) []Plan {
	list := []Plan{}
	for _, p := range l.plans {
		if p.includedIn(t) {
			list = append(list, p.Clone())
		}
	}
	return list
}

// includedIn reports whether the tier includes the plan.
func (p Plan) includedIn(t tier.Tier) bool { return t.Includes(p.Tier) }

// Get returns the playbook with that id. It fails with fault.ErrNotFound when there is none, and with
// fault.ErrTierRequired, which names the tiers that do, when the tier does not include it.
func (l *Library) Get(id string, t tier.Tier) (Plan, error) {
	for _, p := range l.plans {
		if p.ID != id {
			continue
		}
		if !p.includedIn(t) {
			return Plan{}, fault.ErrTierRequired.WithExtra("required", tier.With(p.includedIn))
		}
		return p.Clone(), nil
	}
	return Plan{}, fault.ErrNotFound
}
