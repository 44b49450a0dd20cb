package chat

import (
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dates"
	"github.com/adiuva/cloud-api/internal/fault"
)

// MaxMessage is the length of the longest message in characters.
const MaxMessage = 32_000

// validate checks req and sets Context.Location and Context.Now. The fault has a detail for every invalid member.
func (o *Orchestrator) validate(req *Request) error {
	var invalid []fault.Detail
	if n := utf8.RuneCountInString(req.Message); n == 0 || n > MaxMessage || strings.TrimSpace(req.Message) == "" {
		invalid = append(invalid, fault.Detail{Pointer: "/message",
			Message: fmt.Sprintf("must have 1 to %d characters, not only blanks", MaxMessage)})
	}
	if req.Mode != "" && req.Mode != ModeDirect && req.Mode != ModePlan {
		invalid = append(invalid, fault.Detail{Pointer: "/execution_mode", Message: "must be direct or plan"})
	}
	if req.Mode == ModePlan && len(req.AppTools) > 0 {
		invalid = append(invalid, fault.Detail{Pointer: "/client_tools",
			Message: "cannot be used in plan mode, in which no tool of the app runs; leave it out"})
	}
	for _, d := range o.cfg.Agents.CheckAppTools(req.AppTools) {
		invalid = append(invalid, fault.Detail{Pointer: "/client_tools" + d.Pointer, Message: d.Message})
	}
	invalid = append(invalid, checkTurns(req.Context.History, "/context/conversation_history")...)
	zone, err := o.zones.load(req.Timezone)
	if err != nil {
		invalid = append(invalid, badTimezone("/context/timezone"))
	}
	if len(invalid) > 0 {
		return fault.ErrValidation.WithDetails(invalid...)
	}
	req.Context.Location, req.Context.Now = zone, o.cfg.Now()
	return nil
}

// checkTurns returns a detail for each turn of the list at pointer that has no known role.
func checkTurns(history []agent.Turn, pointer string) (invalid []fault.Detail) {
	for i, turn := range history {
		if turn.Role != "user" && turn.Role != "assistant" {
			invalid = append(invalid, fault.Detail{Pointer: fmt.Sprintf("%s/%d/role", pointer, i),
				Message: "must be user or assistant"})
		}
	}
	return invalid
}

func badTimezone(pointer string) fault.Detail {
	return fault.Detail{Pointer: pointer, Message: "must be an IANA time zone name, like Europe/Berlin"}
}

// zoneCache caches time zones by name. It is bounded by the some six hundred valid names.
type zoneCache struct {
	mu    sync.RWMutex
	zones map[string]*time.Location
}

func newZoneCache() *zoneCache {
	return &zoneCache{zones: map[string]*time.Location{"": time.UTC, "UTC": time.UTC}}
}

func (z *zoneCache) load(name string) (*time.Location, error) {
	name = dates.ZoneName(name) // one entry for all spellings of a zone
	z.mu.RLock()
	zone := z.zones[name]
	z.mu.RUnlock()
	if zone != nil {
		return zone, nil
	}
	zone, err := dates.LoadZone(name)
	if err != nil {
		return nil, err
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.zones[name] = zone
	return zone, nil
}
