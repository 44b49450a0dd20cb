package auth

import (
	"context"
	"time"
)

// grid is the distance of the moments at which answers are given that must not tell whether an address has an account.
// A row that is found takes the database some 50 µs longer, and one that refers to an account up to 200 µs: enough to
// tell the two apart on a machine nearby, from hundreds of answers.
const grid = 10 * time.Millisecond

// waitForGrid waits until a whole number of grids have passed since start, or until ctx ends. It measures with the
// machine's own clock, whatever the service takes for the time.
func waitForGrid(ctx context.Context, start time.Time) {
	timer := time.NewTimer(grid - time.Since(start)%grid)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
