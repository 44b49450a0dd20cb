package chat

import (
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/adiuva/cloud-api/internal/fault"
)

// MaxMessage is the longest message, in characters.
const MaxMessage = 32_000

// validate checks the request and sets its zone and clock. The fault names every member that is wrong.
func (o *Orchestrator) validate(req *Request) error {
	var wrong []fault.Detail
	if n := utf8.RuneCountInString(req.Message); n == 0 || n > MaxMessage || strings.TrimSpace(req.Message) == "" {
		wrong = append(wrong, fault.Detail{Pointer: "/message",
			Message: fmt.Sprintf("must have 1 to %d characters, not only blanks", MaxMessage)})
	}
	if req.Mode != "" && req.Mode != ModeDirect && req.Mode != ModePlan {
		wrong = append(wrong, fault.Detail{Pointer: "/execution_mode", Message: "must be direct or plan"})
	}
	for i, turn := range req.Context.History {
		if turn.Role != "user" && turn.Role != "assistant" {
			wrong = append(wrong, fault.Detail{Pointer: fmt.Sprintf("/context/conversation_history/%d/role", i),
				Message: "must be user or assistant"})
		}
	}
	zone, err := o.zones.load(req.Timezone)
	if err != nil {
		wrong = append(wrong, fault.Detail{Pointer: "/context/timezone", Message: "must be an IANA time zone name, like Europe/Berlin"})
	}
	if len(wrong) > 0 {
		return fault.ErrValidation.WithDetails(wrong...)
	}
	req.Context.Location, req.Context.Now = zone, o.cfg.Now()
	return nil
}

// zones remembers the time zones that were asked for; there are some six hundred valid names in all.
type zones struct {
	mu    sync.RWMutex
	known map[string]*time.Location
}

func newZones() *zones {
	return &zones{known: map[string]*time.Location{"": time.UTC, "UTC": time.UTC}}
}

func (z *zones) load(name string) (*time.Location, error) {
	z.mu.RLock()
	zone := z.known[name]
	z.mu.RUnlock()
	if zone != nil {
		return zone, nil
	}
	// Go reads "Local" as the server's own zone, and system databases hold leap-second and legacy copies beside the names.
	if name == "Local" || strings.HasPrefix(name, "right/") || strings.HasPrefix(name, "posix") || len(name) > 64 {
		return nil, fmt.Errorf("time zone name is not usable")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, err
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.known[name] = zone
	return zone, nil
}
