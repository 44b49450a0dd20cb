package provider

import (
	"fmt"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/tier"
)

// Model is a model that callers may choose.
type Model struct {
	Provider  string
	Name      string
	Default   bool // answers where the caller does not choose
	Available bool // the tier includes it
	Vision    bool
}

// maxNamed bounds how many models an error names.
const maxNamed = 50

// Models returns every model in the order of preference, and what they are to an account of the tier.
func (s *Set) Models(t tier.Tier) []Model {
	allowed := s.allowed(t)
	var list []Model
	for _, m := range s.members {
		available := slices.Contains(allowed, m)
		for _, name := range m.models() {
			list = append(list, Model{
				Provider: m.Name, Name: name, Available: available, Vision: m.Vision && name == m.Agent,
				Default: available && m == allowed[0] && name == m.Agent,
			})
		}
	}
	return list
}

// allowed returns the providers that the tier may use, in the order of preference.
func (s *Set) allowed(t tier.Tier) []*member {
	var list []*member
	for _, m := range s.members {
		if t.Includes(m.Tier) {
			list = append(list, m)
		}
	}
	return list[:t.ProvidersOf(len(list))]
}

// route is how a request's calls go to providers.
type route struct {
	members []*member // in the order in which they are asked; never empty
	name    string    // the model that the caller chose for the agents, or ""
	key     agent.Key
	chosen  bool // the caller chose, so no other provider is asked
}

// Validate returns an error if the user may not make the choice, or if it names what does not exist: the faults
// tier_required, which names the tiers that include it, model_unknown, which names the known models, and
// validation_failed.
func (s *Set) Validate(t tier.Tier, choice agent.ModelChoice) error {
	_, err := s.route(t, choice)
	return err
}

func (s *Set) route(t tier.Tier, choice agent.ModelChoice) (route, error) {
	if choice.Key.IsSet() && !t.MayBringKey() {
		return route{}, tierRequired("an own key in model.api_key", tier.With(tier.Tier.MayBringKey))
	}
	fits := func(m *member) bool {
		return (choice.Provider == "" || choice.Provider == m.Name) &&
			(choice.Name == "" || slices.Contains(m.models(), choice.Name))
	}
	known := slices.ContainsFunc(s.members, fits)
	if !known {
		return route{}, s.unknown(choice)
	}
	usable := slices.Collect(filter(s.allowed(t), fits))
	if len(usable) == 0 {
		return route{}, tierRequired("this model", tier.With(func(t tier.Tier) bool {
			return slices.ContainsFunc(s.allowed(t), fits)
		}))
	}
	r := route{members: usable, name: choice.Name, key: choice.Key, chosen: choice != agent.ModelChoice{}}
	if r.chosen {
		if r.key.IsSet() && len(usable) > 1 {
			return route{}, fault.ErrValidation.WithDetails(fault.Detail{Pointer: "/model/provider",
				Message: "is needed beside api_key: say whose key it is"})
		}
		r.members = usable[:1]
	}
	return r, nil
}

// filter yields the members for which fits is true.
func filter(members []*member, fits func(*member) bool) func(yield func(*member) bool) {
	return func(yield func(*member) bool) {
		for _, m := range members {
			if fits(m) && !yield(m) {
				return
			}
		}
	}
}

// tierRequired returns the fault tier_required with the tiers that include what is asked for, which may be none.
func tierRequired(what string, required []tier.Tier) error {
	if len(required) == 0 {
		return fault.ErrTierRequired.WithMessage("No plan includes "+what+".").WithExtra("required", required)
	}
	lowest := string(required[0])
	return fault.ErrTierRequired.WithMessage(fmt.Sprintf("Your plan does not include %s; the %s plan does.", what,
		strings.ToUpper(lowest[:1])+lowest[1:])).WithExtra("required", required)
}

// unknown returns the fault model_unknown with the names of the known models.
func (s *Set) unknown(choice agent.ModelChoice) error {
	isNamed := func(m *member) bool { return m.Name == choice.Provider }
	wrong := "model.provider"
	if choice.Provider == "" || slices.ContainsFunc(s.members, isNamed) {
		wrong = "model.name"
	}
	var known []string
	for _, m := range s.members {
		known = append(known, fmt.Sprintf("%s (%s)", m.Name, strings.Join(m.models(), ", ")))
	}
	more := ""
	if len(known) > maxNamed {
		known, more = known[:maxNamed], " and more, which GET /models lists"
	}
	return fault.New(fault.ModelUnknown, fmt.Sprintf("There is no such %s. Known are: %s%s.", wrong,
		strings.Join(known, "; "), more))
}
