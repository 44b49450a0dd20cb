// Package smallmodel runs a real language model in tests: SmolLM2 of 135 million parameters behind llama.cpp's server,
// which speaks OpenAI's protocol. It is slow and knows little, but nothing about it is ours.
package smallmodel

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// On two CPU cores the model reads some 100 tokens a second.
const (
	FirstToken = 10 * time.Minute // until the first token of an answer
	Whole      = 20 * time.Minute // until the end of an answer
	// LongestAnswer is how many tokens a client must allow an answer: the model does not end by itself.
	LongestAnswer = 160
)

// Name is the name of the model.
const Name = "smollm2"

// Start starts the server until the test ends and returns the base URL of its API. root is the path of the
// repository. The first run installs both into SMALL_MODEL_DIR, by default a folder in the user's cache; where that
// fails, the test is skipped.
func Start(t *testing.T, root string) string {
	t.Helper()
	directory := os.Getenv("SMALL_MODEL_DIR")
	if directory == "" {
		cache, err := os.UserCacheDir()
		check(t, err)
		directory = filepath.Join(cache, "adiuva", "small-model")
	}
	install := exec.Command(filepath.Join(root, "scripts", "install-small-model"), directory)
	if out, err := install.CombinedOutput(); err != nil {
		t.Skipf("SKIPPED, there is no small model: %v\n%s", err, out[max(0, len(out)-2_000):])
	}
	port := freePort(t)
	var output bytes.Buffer
	server := exec.Command(filepath.Join(directory, "llama-server"),
		"--model", filepath.Join(directory, "smollm2.gguf"),
		"--host", "127.0.0.1", "--port", port, "--jinja", "--ctx-size", "16384",
		"--parallel", "2") // or the router and the agents evict each other's prompts
	server.Stdout, server.Stderr = &output, &output
	check(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill() // it answers no more, and is only waited for
		_ = server.Wait()
		if t.Failed() {
			t.Logf("the server said: %s", output.Bytes()[max(0, output.Len()-2_000):])
		}
	})
	base := "http://127.0.0.1:" + port
	pgtest.Eventually(t, time.Minute, func() error {
		resp, err := http.Get(base + "/health")
		if err != nil {
			return err
		}
		if resp.StatusCode != http.StatusOK {
			err = errors.New(resp.Status)
		}
		return errors.Join(err, resp.Body.Close())
	})
	return base + "/v1"
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	check(t, errors.Join(err, l.Close()))
	return port
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
