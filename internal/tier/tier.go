// Package tier defines the plans: the product's feature matrix, limits and prices as one table. It does not know which
// account has which tier; that is in the database.
package tier

import "fmt"

// Tier is a plan's name, as the API and the database spell it.
type Tier string

// The four plans, from lowest to highest.
const (
	Free  Tier = "free"
	Pro   Tier = "pro"
	Power Tier = "power"
	Team  Tier = "team"
)

// Unlimited means that a number in Features has no limit.
const Unlimited = -1

// GB is the unit of backup quotas, 10^9 bytes.
const GB int64 = 1_000_000_000

// Features is one row of the feature matrix.
type Features struct {
	Agents    int  // how many built-in agents; Unlimited for all
	Batch     bool // may ask several questions in one request
	Providers int  // model providers that may answer and be chosen; Unlimited for all
	BackupGB  int  // backup quota in GB of 10^9 bytes; 0 none, Unlimited for all
	BYOK      bool // may bring their own key of a model provider
	SSO       bool // may sign in with a provider of their own
}

// Price is the monthly price of a plan.
type Price struct {
	Cents    int
	Currency string // ISO 4217, lower case
	PerSeat  bool
}

type row struct {
	features Features
	perMin   int // requests a minute
	price    Price
}

func rowOf(t Tier) row {
	switch t {
	case Pro:
		return row{
			features: Features{Agents: Unlimited, Batch: true, Providers: Unlimited, BackupGB: 5},
			perMin:   60,
			price:    Price{Cents: 1500, Currency: "eur"},
		}
	case Power:
		return row{
			features: Features{Agents: Unlimited, Batch: true, Providers: Unlimited, BackupGB: 50, BYOK: true},
			perMin:   120,
			price:    Price{Cents: 2900, Currency: "eur"},
		}
	case Team:
		return row{
			features: Features{Agents: Unlimited, Batch: true, Providers: Unlimited, BackupGB: Unlimited, SSO: true},
			perMin:   200,
			price:    Price{Cents: 4900, Currency: "eur", PerSeat: true},
		}
	default:
		return row{
			features: Features{Agents: 3, Providers: 1},
			perMin:   20,
			price:    Price{Currency: "eur"},
		}
	}
}

// All returns the tiers from lowest to highest.
func All() []Tier { return []Tier{Free, Pro, Power, Team} }

// Parse returns the tier of exactly that name, or an error that lists the names.
func Parse(name string) (Tier, error) {
	for _, t := range All() {
		if string(t) == name {
			return t, nil
		}
	}
	return "", fmt.Errorf("tier %q is not one of free, pro, power, team", name)
}

// Features returns what the tier includes. An unknown tier includes what Free does.
func (t Tier) Features() Features { return rowOf(t).features }

// MayBringKey reports whether accounts of the tier may use their own key of a model provider.
func (t Tier) MayBringKey() bool { return t.Features().BYOK }

// ProvidersOf returns how many of n model providers, in the operator's order of preference, the tier may use.
func (t Tier) ProvidersOf(n int) int {
	if limit := t.Features().Providers; limit != Unlimited {
		return min(limit, n)
	}
	return n
}

// Includes reports whether t is other or a higher tier.
func (t Tier) Includes(other Tier) bool { return t.Rank() >= other.Rank() }

// With returns the tiers for which has is true, from lowest to highest.
func With(has func(Tier) bool) []Tier {
	list := []Tier{}
	for _, t := range All() {
		if has(t) {
			list = append(list, t)
		}
	}
	return list
}

// Price returns the tier's monthly price, per seat when PerSeat is set.
func (t Tier) Price() Price { return rowOf(t).price }

// RequestsPerMinute returns the tier's rate limit. Only Team's is multiplied by the seats; fewer than one count as one.
func (t Tier) RequestsPerMinute(seats int) int {
	n := rowOf(t).perMin
	if t == Team && seats > 1 {
		return n * seats
	}
	return n
}

// BackupBytes returns the backup quota in bytes, or Unlimited. Zero means that the tier has no backups.
func (t Tier) BackupBytes() int64 {
	gb := t.Features().BackupGB
	if gb == Unlimited {
		return Unlimited
	}
	return int64(gb) * GB
}

// Rank returns the tier's position in All, 0 for an unknown tier.
func (t Tier) Rank() int {
	for i, x := range All() {
		if x == t {
			return i
		}
	}
	return 0
}
