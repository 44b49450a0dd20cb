//go:build soak

package system_test

import (
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

// TestSoakEveryAttackInEveryDisguise tries all attacks in all disguises through every channel.
func TestSoakEveryAttackInEveryDisguise(t *testing.T) {
	t.Parallel()
	l := startLeaking(t)
	l.checkStopRates(t, func(int) []leaktest.Attack { return leaktest.Attacks() })
	l.checkLog(t)
}

// TestSoakEveryAttackInEveryDisguiseStreamed tries all attacks in all disguises over a socket.
func TestSoakEveryAttackInEveryDisguiseStreamed(t *testing.T) {
	t.Parallel()
	startLeaking(t).checkStreamedStopRate(t, func(int) []leaktest.Attack { return leaktest.Attacks() })
}

// TestSoakEveryBenignAnswer lets all harmless answers through, each by one channel.
func TestSoakEveryBenignAnswer(t *testing.T) {
	t.Parallel()
	startLeaking(t).expectUnfiltered(t, leaktest.Benign())
}
