// Package tier says what each plan may do: the feature matrix of the product as one table. It knows prices and limits
// and nothing about who has which tier; that is read from the database where it decides something.
package tier

import "fmt"

// Tier is a plan's name as it crosses the wire and stands in the database.
type Tier string

// The four plans, from least to most.
const (
	Free  Tier = "free"
	Pro   Tier = "pro"
	Power Tier = "power"
	Team  Tier = "team"
)

// Unlimited stands for "no bound" wherever Features holds a number.
const Unlimited = -1

// GB is the unit of backup quotas: 10^9 bytes, as the docs say.
const GB int64 = 1_000_000_000

// Features is one row of the feature matrix.
type Features struct {
	Agents    int  // how many built-in agents; Unlimited for all
	Batch     bool // may run batch agents
	Providers int  // model providers the client may configure; Unlimited for all
	BackupGB  int  // backup quota in GB of 10^9 bytes; 0 none, Unlimited for all
	BYOK      bool // may bring their own model key
	SSO       bool // single sign-on
}

// Price is what a plan costs a month.
type Price struct {
	Cents    int
	Currency string // ISO 4217, lower case
	PerSeat  bool
}

type row struct {
	features Features
	perMin   int
	price    Price
}

func rowOf(t Tier) row {
	switch t {
	case Pro:
		return row{Features{Agents: Unlimited, Batch: true, Providers: Unlimited, BackupGB: 5}, 60, Price{1500, "eur", false}}
	case Power:
		return row{Features{Agents: Unlimited, Batch: true, Providers: Unlimited, BackupGB: 50, BYOK: true}, 120, Price{2900, "eur", false}}
	case Team:
		return row{Features{Agents: Unlimited, Batch: true, Providers: Unlimited, BackupGB: Unlimited, SSO: true}, 200, Price{4900, "eur", true}}
	default:
		return row{Features{Agents: 3, Providers: 1}, 20, Price{0, "eur", false}}
	}
}

// All returns the tiers from least to most.
func All() []Tier { return []Tier{Free, Pro, Power, Team} }

// Parse returns the tier of that exact name.
func Parse(name string) (Tier, error) {
	for _, t := range All() {
		if string(t) == name {
			return t, nil
		}
	}
	return "", fmt.Errorf("tier %q is not one of free, pro, power, team", name)
}

// Features returns what the tier includes; an unknown tier has what Free has.
func (t Tier) Features() Features { return rowOf(t).features }

// Price returns what the tier costs a month (a seat, where PerSeat).
func (t Tier) Price() Price { return rowOf(t).price }

// RequestsPerMinute returns the tier's rate limit for that many seats; seats below one count as one, and only Team
// multiplies.
func (t Tier) RequestsPerMinute(seats int) int {
	n := rowOf(t).perMin
	if t == Team && seats > 1 {
		return n * seats
	}
	return n
}

// BackupBytes returns the backup quota in bytes, Unlimited for none.
func (t Tier) BackupBytes() int64 {
	gb := t.Features().BackupGB
	if gb == Unlimited {
		return Unlimited
	}
	return int64(gb) * GB
}

// Rank orders the tiers: Free 0 to Team 3.
func (t Tier) Rank() int {
	for i, x := range All() {
		if x == t {
			return i
		}
	}
	return 0
}
