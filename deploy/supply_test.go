package deploy_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// workflow is what we check of a workflow.
type workflow struct {
	Permissions map[string]string
	Jobs        map[string]struct {
		TimeoutMinutes int `yaml:"timeout-minutes"`
		Permissions    map[string]string
		Steps          []struct {
			Uses, Run string
			With      map[string]any
		}
	}
}

func readWorkflow(t *testing.T, path string) workflow {
	t.Helper()
	var flow workflow
	if err := yaml.Unmarshal(readFile(t, path), &flow); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return flow
}

// TestActionsArePinned checks that every action has a full commit, with its version beside it for people, and that no
// workflow may write unless one of its jobs says so.
func TestActionsArePinned(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../.github/workflows/*.yml")
	if err != nil || len(files) < 3 {
		t.Fatalf("the workflows are %q (%v)", files, err)
	}
	pinned := regexp.MustCompile(`^uses: [\w-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	for _, file := range files {
		for line := range strings.Lines(string(readFile(t, file))) {
			line = strings.TrimPrefix(strings.TrimSpace(line), "- ")
			if strings.HasPrefix(line, "uses:") && !pinned.MatchString(line) {
				t.Errorf("%s: %s is not pinned", file, line)
			}
		}
		flow := readWorkflow(t, file)
		if len(flow.Permissions) != 1 || flow.Permissions["contents"] != "read" {
			t.Errorf("%s: the permissions are %v", file, flow.Permissions)
		}
		for name, job := range flow.Jobs {
			if job.TimeoutMinutes == 0 {
				t.Errorf("%s: job %s has no timeout", file, name)
			}
		}
	}
}

func TestImagesArePinned(t *testing.T) {
	t.Parallel()
	text := string(readFile(t, "../Dockerfile"))
	images := regexp.MustCompile(`(?m)^ARG \w+_IMAGE=(\S+)$`).FindAllStringSubmatch(text, -1)
	if len(images) != 2 {
		t.Errorf("%d base images, want 2", len(images))
	}
	for _, image := range images {
		if !regexp.MustCompile(`^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$`).MatchString(image[1]) {
			t.Errorf("%s has no digest", image[1])
		}
	}
	for _, from := range regexp.MustCompile(`(?m)^FROM (.*)$`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(from[1], "_IMAGE}") {
			t.Errorf("FROM %s names an image without a digest", from[1])
		}
	}
	if !strings.Contains(text, "GOARCH=${TARGETARCH}") {
		t.Error("the image has the builder's architecture only")
	}
}

// TestReleasesSayWhatIsInThem checks the lists of contents, the statements of where things were built, and the
// platforms of the image.
func TestReleasesSayWhatIsInThem(t *testing.T) {
	t.Parallel()
	flow := readWorkflow(t, "../.github/workflows/release.yml")
	for job, wants := range map[string][]string{
		"release": {"make sbom", "uses: actions/attest-sbom@", "uses: actions/attest-build-provenance@"},
		"image": {"platforms: linux/amd64,linux/arm64", "provenance: mode=max", "sbom: true",
			"uses: actions/attest-build-provenance@", "subject-digest: ${{ steps.build.outputs.digest }}"},
	} {
		if p := flow.Jobs[job].Permissions; p["id-token"] != "write" || p["attestations"] != "write" {
			t.Errorf("job %s cannot sign: %v", job, p)
		}
		steps, err := yaml.Marshal(flow.Jobs[job].Steps)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(steps), want) {
				t.Errorf("job %s has no %s", job, want)
			}
		}
	}
}

func TestDependenciesAreAudited(t *testing.T) {
	t.Parallel()
	text := string(readFile(t, "../.github/workflows/audit.yml"))
	for _, want := range []string{"schedule:", "pull_request:", "make audit"} {
		if !strings.Contains(text, want) {
			t.Errorf("the audit has no %s", want)
		}
	}
	makefile := string(readFile(t, "../Makefile"))
	_, audit, _ := strings.Cut(makefile, "\naudit:")
	audit, _, _ = strings.Cut(audit, "\n\n")
	for _, want := range []string{"govulncheck ./...", "npm audit"} {
		if !strings.Contains(audit, want) {
			t.Errorf("make audit does not run %s", want)
		}
	}
}
