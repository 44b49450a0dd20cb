package servetest

import (
	"os"
	"os/exec"
	"testing"
)

// Missing ends a test that needs something that `make test` installs: it skips the test, or fails it under CI.
func Missing(t testing.TB, what string) {
	t.Helper()
	what += " is missing; `make test` installs it"
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// Chromium returns the path of Chromium or Chrome, or "" if neither is installed.
func Chromium() string {
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "google-chrome", "chromium-browser"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// WebEngine returns the path of a Python interpreter with Qt's WebEngine, or "" if there is none.
func WebEngine() string {
	for _, name := range []string{os.Getenv("PYTHON"), "python3", "/usr/bin/python3"} {
		path, err := exec.LookPath(name)
		if err == nil && exec.Command(path, "-c", "import PyQt6.QtWebEngineCore").Run() == nil {
			return path
		}
	}
	return ""
}
