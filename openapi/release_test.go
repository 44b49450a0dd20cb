package openapi_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/openapi"
)

// release is a folder with a contract that was released as 1.3.0 and then changed.
type release struct {
	dir   string
	tools string // value of the Makefile's GOTOOL
}

func newRelease(t *testing.T, change func(document string) string) release {
	t.Helper()
	tool := exec.CommandContext(t.Context(), "go", "tool", "-modfile=tools/go.mod", "-n", "oasdiff")
	tool.Dir = ".."
	path, err := tool.Output()
	if err != nil {
		t.Fatal(err)
	}
	r := release{
		dir:   t.TempDir(),
		tools: "env PATH=" + filepath.Dir(strings.TrimSpace(string(path))) + ":" + os.Getenv("PATH"),
	}
	version := document(t).Info.Version
	before := strings.Replace(string(openapi.Document), "  version: "+version+"\n", "  version: 1.3.0\n", 1)
	write(t, filepath.Join(r.dir, "Makefile"), read(t, "../Makefile"))
	write(t, filepath.Join(r.dir, "scripts/release-contract"), read(t, "../scripts/release-contract"))
	write(t, filepath.Join(r.dir, "openapi/released.yaml"), before)
	write(t, filepath.Join(r.dir, "openapi/openapi.yaml"), change(before))
	write(t, filepath.Join(r.dir, "openapi/asyncapi.yaml"), string(openapi.Stream))
	write(t, filepath.Join(r.dir, "openapi/oasdiff-severity.txt"), read(t, "oasdiff-severity.txt"))
	write(t, filepath.Join(r.dir, "docs/contract-changelog.md"), "# Changes\n\nProse.\n\n## 1.3.0\n\n- Older.\n")
	if err := os.Chmod(filepath.Join(r.dir, "scripts/release-contract"), 0o700); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r release) make(t *testing.T, version string) (out string, ok bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "make", "--no-print-directory", "release-contract",
		"VERSION="+version, "GOTOOL="+r.tools)
	cmd.Dir = r.dir
	text, err := cmd.CombinedOutput()
	if failed := new(exec.ExitError); err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return string(text), err == nil
}

func (r release) read(t *testing.T, name string) string { return read(t, filepath.Join(r.dir, name)) }

// compatible returns the document with a change that does not break clients.
func compatible(document string) string {
	return strings.Replace(document, "required: [prompt_template]\n      properties:\n",
		"required: [prompt_template]\n      properties:\n"+localeMember, 1)
}

// incompatible returns the document with a breaking change.
func incompatible(document string) string {
	return strings.Replace(document, "operationId: listAgents", "operationId: getAgents", 1)
}

func TestReleaseContractUpdatesDocumentsAndChangelog(t *testing.T) {
	t.Parallel()
	r := newRelease(t, compatible)
	if out, ok := r.make(t, "1.4.0"); !ok {
		t.Fatal(out)
	}
	if r.read(t, "openapi/released.yaml") != r.read(t, "openapi/openapi.yaml") {
		t.Error("released.yaml is not the current document")
	}
	for _, name := range []string{"openapi/openapi.yaml", "openapi/asyncapi.yaml"} {
		if text := r.read(t, name); strings.Count(text, "\n  version: 1.4.0\n") != 1 {
			t.Errorf("%s does not have version 1.4.0", name)
		}
	}
	want := "# Changes\n\nProse.\n\n" +
		"## 1.4.0\n\n### POST /plans/steps\n- added the new optional request property `locale`\n\n" +
		"## 1.3.0\n\n- Older.\n"
	if got := r.read(t, "docs/contract-changelog.md"); got != want {
		t.Errorf("the changelog is\n%s\nwant\n%s", got, want)
	}
	if out, ok := r.make(t, "1.4.0"); ok {
		t.Errorf("1.4.0 was released twice:\n%s", out)
	}
	out, ok := r.make(t, "1.4.1")
	changelog := r.read(t, "docs/contract-changelog.md")
	if !ok || !strings.Contains(changelog, "## 1.4.1\n\n- No operation and no schema changed.\n\n## 1.4.0") {
		t.Errorf("a release without a change: %s\n%s", out, changelog)
	}
}

func TestReleaseContractRejectsInvalidVersions(t *testing.T) {
	t.Parallel()
	r := newRelease(t, incompatible)
	before := r.read(t, "openapi/released.yaml")
	for _, version := range []string{
		"", "1.3.0", "1.2.9", "v1.4.0", "1.4", "1.4.0-dirty", "1.10.0; true",
		"1.4.0", "1.10.0", // the change is breaking
	} {
		if out, ok := r.make(t, version); ok {
			t.Errorf("VERSION=%q was released:\n%s", version, out)
		}
	}
	changelog := r.read(t, "docs/contract-changelog.md")
	if r.read(t, "openapi/released.yaml") != before ||
		!strings.HasPrefix(changelog, "# Changes\n\nProse.\n\n## 1.3.0") {
		t.Error("a rejected release changed files")
	}
	if out, ok := r.make(t, "2.0.0"); !ok {
		t.Fatalf("a new major version was rejected: %s", out)
	}
	if got := r.read(t, "docs/contract-changelog.md"); !strings.Contains(got, "\n- **Breaking:** ") {
		t.Errorf("the changelog does not mark the breaking change:\n%s", got)
	}
}
