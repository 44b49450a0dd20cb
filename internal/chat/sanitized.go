package chat

import (
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/sanitize"
)

// NewFilter returns the Filter over f.
func NewFilter(f *sanitize.Filter) Filter {
	return func(callerText ...string) Guard { return scoped{f.Scope(callerText...)} }
}

type scoped struct{ scope *sanitize.Scope }

func (s scoped) Text(text string) (clean, hit string) {
	clean, found := s.scope.Text(text)
	return clean, nameOf(found)
}

func (s scoped) Values(values ...string) string { return nameOf(s.scope.Values(values...)) }

func (s scoped) Stream(emit agent.Emit) GuardStream { return scopedStream{s.scope.Stream(emit)} }

type scopedStream struct{ *sanitize.Stream }

func (s scopedStream) Hit() string { return nameOf(s.Stream.Hit()) }

// nameOf says what was hit, in words for the log; a hit without a secret is the filter's own failure.
func nameOf(hit *sanitize.Hit) string {
	if hit == nil {
		return ""
	}
	return hit.SecretID + "@" + hit.View
}
