package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// replica is serve running in a process of its own.
type replica struct {
	base   string
	cmd    *exec.Cmd
	exited chan error
	out    *output
}

func startReplica(t testing.TB, vars map[string]string) *replica {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	addr := freeAddr(t)
	r := &replica{base: "http://" + addr, cmd: exec.Command(self), exited: make(chan error, 1), out: &output{}}
	r.cmd.Stdout, r.cmd.Stderr = r.out, r.out
	r.cmd.Env = append(os.Environ(), helperVariable+"=1", "ENV=dev", "ADDR="+addr, "ADIUVA_DATA_DIR="+dataDir(t),
		"BCRYPT_COST=4", "RATE_LIMITS=off")
	for name, value := range vars {
		r.cmd.Env = append(r.cmd.Env, name+"="+value)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.exited <- r.cmd.Wait() }()
	t.Cleanup(func() { _ = r.cmd.Process.Kill() }) // the process has exited unless the test failed
	eventually(t, "readiness", func() bool { return isOK(r.base + "/readyz") })
	return r
}

// terminate sends SIGTERM.
func (r *replica) terminate(t *testing.T) {
	t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// balancer is a load balancer. It checks the replicas' readiness every 50 ms, sends requests to ready ones, and never
// retries.
type balancer struct {
	replicas []*replica
	ready    []atomic.Bool
	next     atomic.Int64
	failed   atomic.Int64
	proxy    httputil.ReverseProxy
	client   *http.Client
}

func newBalancer(t testing.TB, replicas ...*replica) *balancer {
	b := &balancer{replicas: replicas, ready: make([]atomic.Bool, len(replicas)), client: &http.Client{}}
	b.proxy = httputil.ReverseProxy{Rewrite: b.rewrite, Transport: &http.Transport{},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			b.failed.Add(1)
			t.Errorf("the balancer got no response: %v", err)
			w.WriteHeader(http.StatusBadGateway)
		}}
	b.checkReadiness()
	done := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				b.checkReadiness()
			}
		}
	})
	t.Cleanup(func() { close(done); work.Wait() })
	return b
}

// checkReadiness asks every replica whether it is ready. If none is, which slow responses on a busy machine can look
// like, the last result is kept, as load balancers do.
func (b *balancer) checkReadiness() {
	ready := make([]bool, len(b.replicas))
	for i, r := range b.replicas {
		ready[i] = isOK(r.base + "/readyz")
	}
	if !slices.Contains(ready, true) {
		return
	}
	for i := range ready {
		b.ready[i].Store(ready[i])
	}
}

func (b *balancer) rewrite(r *httputil.ProxyRequest) {
	first := int(b.next.Add(1)) // one increment per request, whatever others do meanwhile
	for n := range b.replicas {
		i := (first + n) % len(b.replicas)
		if b.ready[i].Load() {
			u, err := url.Parse(b.replicas[i].base)
			if err == nil {
				r.SetURL(u)
			}
			return
		}
	}
}

// do sends one request through the balancer and returns the body. A status other than want is an error.
func (b *balancer) do(method, path, body string, header map[string]string, want int) (map[string]any, error) {
	req, err := http.NewRequest(method, "http://balancer"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	w := &responseRecorder{header: http.Header{}}
	b.proxy.ServeHTTP(w, req)
	if w.status != want {
		return nil, fmt.Errorf("%s %s: %d %s", method, path, w.status, w.body.String())
	}
	var m map[string]any
	return m, json.Unmarshal(w.body.Bytes(), &m)
}

// responseRecorder records a response. Unlike httptest's it does not copy headers.
type responseRecorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *responseRecorder) Header() http.Header         { return w.header }
func (w *responseRecorder) WriteHeader(status int)      { w.status = status }
func (w *responseRecorder) Write(p []byte) (int, error) { return w.body.Write(p) }

// backupHeaders returns the headers of an upload of blob.
func backupHeaders(blob, authorization string) map[string]string {
	sum := sha256.Sum256([]byte(blob))
	return map[string]string{"Authorization": authorization, "Content-Type": "application/octet-stream",
		"X-Backup-Version":   "1",
		"X-Backup-Timestamp": strconv.FormatInt(time.Now().UnixMilli(), 10),
		"X-Backup-Checksum":  hex.EncodeToString(sum[:])}
}

// twoReplicas starts two replicas with one database and the same secrets, and logs in a user of the pro tier.
func twoReplicas(t *testing.T) (first, second *replica, authorization string) {
	t.Helper()
	vars := map[string]string{"DATABASE_URL": pgtest.New(t).Pool.Config().ConnString(), "SHUTDOWN_DELAY": "3s",
		"SHUTDOWN_GRACE": "60s",
		"JWT_SECRET":     strings.Repeat("s", 32), "PASSWORD_PEPPER": strings.Repeat("p", 32),
		"SECRETS_KEY": strings.Repeat("k", 32)}
	first, second = startReplica(t, vars), startReplica(t, vars)
	vars = maps.Clone(vars)
	vars["BCRYPT_COST"] = "4"
	vars["ADIUVA_DATA_DIR"] = dataDir(t)
	env, _, errs := testEnvironment(vars)
	if execute(t.Context(), env, []string{"user", "create", "up@example.com", "--password", "correct horse battery",
		"--tier", "pro"}) != exitOK {
		t.Fatal(errs)
	}
	in, err := newBalancer(t, second).do("POST", "/api/v1/auth/login",
		`{"email":"up@example.com","password":"correct horse battery"}`, nil, http.StatusOK)
	if err != nil {
		t.Fatal(err)
	}
	return first, second, "Bearer " + in["access_token"].(string)
}

// TestDrainBehindALoadBalancer terminates one of two replicas under mixed load. No request fails.
func TestDrainBehindALoadBalancer(t *testing.T) {
	t.Attr("case", "C128")
	t.Parallel()
	first, second, me := twoReplicas(t)
	b := newBalancer(t, first, second)
	stop := make(chan struct{})
	var work sync.WaitGroup
	var done atomic.Int64
	for client := range 4 {
		work.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				uploader := me
				if client > 0 { // a user has at most two uploads at a time, and one is running all the time
					uploader = ""
				}
				if err := mixedRequests(b, fmt.Sprintf("c%d-%d@example.com", client, n), uploader); err != nil {
					t.Error(err)
					return
				}
				done.Add(1)
			}
		})
	}
	eventually(t, "20 rounds", func() bool { return done.Load() >= 20 })
	finish := slowUpload(t, first.base, me)
	first.terminate(t)
	terminated := time.Now()
	eventually(t, "the end of readiness", func() bool { return !isOK(first.base + "/readyz") })
	if took := time.Since(terminated); took > 3*time.Second { // SHUTDOWN_DELAY
		t.Errorf("still ready %v after SIGTERM", took)
	}
	from := done.Load()
	eventually(t, "20 rounds on the other replica", func() bool { return done.Load() >= from+20 })
	finish()
	if err := <-first.exited; err != nil {
		t.Errorf("the drained replica exited with %v: %s", err, first.out)
	}
	t.Logf("exited %v after SIGTERM", time.Since(terminated))
	from = done.Load()
	eventually(t, "20 rounds after its end", func() bool { return done.Load() >= from+20 })
	close(stop)
	work.Wait()
	if n := b.failed.Load(); n > 0 {
		t.Errorf("%d requests in %d rounds got no response", n, done.Load())
	}
	second.terminate(t)
	if err := <-second.exited; err != nil {
		t.Errorf("the other replica exited with %v", err)
	}
}

// mixedRequests sends one request of each kind. Without an uploader it sends no backup.
func mixedRequests(b *balancer, email, uploader string) error {
	account := fmt.Sprintf(`{"email":%q,"password":"correct horse battery"}`, email)
	in, err := b.do("POST", "/api/v1/auth/register", account, nil, http.StatusCreated)
	if err != nil {
		return err
	}
	me := map[string]string{"Authorization": fmt.Sprint("Bearer ", in["access_token"])}
	_, loginErr := b.do("POST", "/api/v1/auth/login", account, nil, http.StatusOK)
	_, meErr := b.do("GET", "/api/v1/auth/me", "", me, http.StatusOK)
	_, chatErr := b.do("POST", "/api/v1/chat", `{"message":"list my open tasks"}`, me, http.StatusOK)
	_, refreshErr := b.do("POST", "/api/v1/auth/refresh", fmt.Sprintf(`{"refresh_token":%q}`, in["refresh_token"]),
		nil, http.StatusOK)
	if uploader == "" {
		return errors.Join(loginErr, meErr, chatErr, refreshErr)
	}
	_, uploadErr := b.do("PUT", "/api/v1/backup", email, backupHeaders(email, uploader), http.StatusOK)
	return errors.Join(loginErr, meErr, chatErr, refreshErr, uploadErr)
}

// slowUpload sends half of an upload and returns a function that sends the other half and checks the response.
func slowUpload(t *testing.T, base, authorization string) (finish func()) {
	t.Helper()
	blob := strings.Repeat("half", 4<<10)
	body, writer := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, base+"/api/v1/backup", body)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = int64(len(blob))
	for k, v := range backupHeaders(blob, authorization) {
		req.Header.Set(k, v)
	}
	result := make(chan error, 1)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			var answer []byte
			answer, err = io.ReadAll(resp.Body)
			err = errors.Join(err, resp.Body.Close())
			if resp.StatusCode != http.StatusOK {
				err = errors.Join(err, fmt.Errorf("%d %s", resp.StatusCode, answer))
			}
		}
		result <- err
	}()
	if _, err := io.WriteString(writer, blob[:len(blob)/2]); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if _, err := io.WriteString(writer, blob[len(blob)/2:]); err != nil {
			t.Error(err)
		}
		if err := errors.Join(writer.Close(), <-result); err != nil {
			t.Errorf("upload in progress at SIGTERM: %v", err)
		}
	}
}

// TestTwoSignalsAtOnceEndAtOnce sends two signals without waiting for an effect of the first. They are different ones,
// because the kernel may make one of two equal ones.
func TestTwoSignalsAtOnceEndAtOnce(t *testing.T) {
	t.Attr("case", "F14")
	t.Parallel()
	_, r, me := twoReplicas(t)
	slowUpload(t, r.base, me)
	for _, one := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		if err := r.cmd.Process.Signal(one); err != nil {
			t.Fatal(err)
		}
	}
	err := <-r.exited
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !exit.Sys().(syscall.WaitStatus).Signaled() {
		t.Errorf("exited with %v, want killed by a signal", err)
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Attr("case", "C128")
	t.Parallel()
	_, r, me := twoReplicas(t)
	slowUpload(t, r.base, me) // never finished, so that draining would wait for it
	r.terminate(t)
	eventually(t, "the end of readiness", func() bool { return !isOK(r.base + "/readyz") })
	r.terminate(t)
	start := time.Now()
	err := <-r.exited
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("exited with %v, want killed by SIGTERM", err)
	}
	t.Logf("exited %v after the second SIGTERM", time.Since(start))
}
