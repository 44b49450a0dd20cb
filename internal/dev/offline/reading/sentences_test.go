package reading_test

import (
	"os"
	"testing"

	"github.com/adiuva/cloud-api/internal/scenario"
)

// TestSentencesAreReadable shows that the expected sentences are valid scenarios, for the model and for others.
func TestSentencesAreReadable(t *testing.T) {
	t.Parallel()
	list, err := scenario.Read(os.DirFS("../../../../tests/offline"))
	if err != nil || len(list) < 340 {
		t.Errorf("%d sentences, %v", len(list), err)
	}
}
