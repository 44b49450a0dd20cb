//go:build soak

package system_test

import (
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

// TestEveryAttackInEveryDisguiseThroughREST tries all attacks in all disguises through every channel.
func TestEveryAttackInEveryDisguiseThroughREST(t *testing.T) {
	t.Parallel()
	l := startLeaking(t)
	l.rates(t, func(int) []leaktest.Attack { return leaktest.Attacks() })
	l.checkLog(t)
}

// TestEveryAttackInEveryDisguiseOnTheStream tries all attacks in all disguises over a socket.
func TestEveryAttackInEveryDisguiseOnTheStream(t *testing.T) {
	t.Parallel()
	startLeaking(t).streamed(t, func(int) []leaktest.Attack { return leaktest.Attacks() })
}

// TestEveryBenignAnswerThroughREST lets all harmless answers through, each by one channel.
func TestEveryBenignAnswerThroughREST(t *testing.T) {
	t.Parallel()
	startLeaking(t).letThrough(t, leaktest.Benign())
}
