package docsite_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestNoticesIncludeTheScriptsLicences(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("scalar-*.js.gz")
	if err != nil || len(scripts) != 1 {
		t.Fatalf("found scripts %q, %v; want one", scripts, err)
	}
	release := strings.TrimSuffix(scripts[0], ".js.gz")
	licenses, err := os.ReadFile(release + ".licenses")
	if err != nil {
		t.Fatal(err)
	}
	want := "Scalar API reference " + strings.TrimPrefix(release, "scalar-")
	if !bytes.Contains(licenses, []byte(want)) {
		t.Errorf("%s.licenses does not name %s", release, want)
	}
	notices, err := os.ReadFile("../../THIRD_PARTY_NOTICES")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasSuffix(notices, licenses) {
		t.Errorf("THIRD_PARTY_NOTICES does not end with %s.licenses: run make notices", release)
	}
}

func TestNoticesIncludeEveryModule(t *testing.T) {
	t.Parallel()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps",
		"-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", "./cmd/adiuva-api")
	list.Dir = filepath.Join("..", "..")
	modules, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	notices, err := os.ReadFile("../../THIRD_PARTY_NOTICES")
	if err != nil {
		t.Fatal(err)
	}
	for module := range strings.FieldsFuncSeq(string(modules), func(r rune) bool { return r == '\n' }) {
		if !strings.Contains(string(notices), module+"\n") {
			t.Errorf("THIRD_PARTY_NOTICES has no %s: run make notices", module)
		}
	}
}
