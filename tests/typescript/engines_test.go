//go:build engines

package typescript_test

import (
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/servetest"
)

// TestClientInQtWebEngine runs the suite in Qt WebEngine at the origin app://adiuva, as a page in Electron would. The
// build tag asks for the engine, so a missing one is a failure: `make test-engines` installs it.
func TestClientInQtWebEngine(t *testing.T) {
	t.Parallel()
	python := servetest.WebEngine()
	if python == "" {
		t.Fatal("Qt WebEngine for Python is missing; `make test-engines` installs it")
	}
	s := startSuite(t)
	s.npm(t, "build")
	s.exec(t, []string{"PYTHON=" + python}, "node", "test/pages.mjs", "webengine")
}
