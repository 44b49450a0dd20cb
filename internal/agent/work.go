package agent

import (
	"context"
	"errors"
	"math/bits"
)

// MaxWork limits the work of all tools of one request, in the steps that Run.Work counts. Ten thousand rows of every
// table, read a dozen times, stay far below it.
const MaxWork = 4_000_000

// stepBytes is how many bytes of text the patterns of a tool search in about the time that a row takes.
const stepBytes = 4

var errTooMuchWork = errors.New("the tools have worked as much as one request allows; answer with what you have")

// Work counts steps of a tool's work: one step for each row that it looks at. Every loop over rows calls it, so it ends
// with the request: it returns ctx's error once ctx has ended. When the request's tools have done more than MaxWork, it
// returns an error for the model.
func (r *Run) Work(ctx context.Context, steps int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.shared.work += steps
	if r.shared.work > MaxWork {
		return errTooMuchWork
	}
	return nil
}

// WorkOnText is Work for a text that patterns search.
func (r *Run) WorkOnText(ctx context.Context, text string) error {
	return r.Work(ctx, 1+len(text)/stepBytes)
}

// WorkOnSort is Work for sorting n rows. Four comparisons are one step.
func (r *Run) WorkOnSort(ctx context.Context, n int) error { return r.Work(ctx, n*bits.Len(uint(n))/4) }

// Steps returns how much work the request's tools have done so far.
func (r *Run) Steps() int { return r.shared.work }

// Once returns what make returned when it was first called with this key in this request. Tools use it for what they
// derive from the rows of the request, which do not change. It is not kept when make fails.
func Once[T any](r *Run, key string, make func() (T, error)) (T, error) {
	if kept, ok := r.Memory[key].(T); ok {
		return kept, nil
	}
	made, err := make()
	if err == nil {
		r.Memory[key] = made
	}
	return made, err
}
