//go:build load

package load_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/servetest"
)

const (
	jwtSecret   = "6f1d0a9c4b7e83525d2c1f90ab6e4478"
	routerModel = "gpt-4o-nano"
	question    = `{"message":"Which of my tasks are late, and what should I do first?"}`
	asked       = `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Which of my tasks are late?"}]}`
)

// targets are the programs that answer.
type targets struct{ service, echo, relay, model *process }

// startTargets starts the references, the database and the service.
func (r *run) startTargets() {
	r.Helper()
	self, err := os.Executable()
	check(r, err)
	reference := func(kind, upstream string) *process {
		addr := freeAddr(r)
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), serverVariable+"="+kind, upstreamVariable+"="+upstream, addrVariable+"="+addr)
		return startProcess(r, addr, "/", cmd)
	}
	r.targets.model = reference("model", "")
	r.targets.relay = reference("relay", r.targets.model.url)
	r.targets.echo = reference("echo", "")
	r.db.open(r)
	r.progress("starting the service")
	addr := freeAddr(r)
	cmd := exec.Command(servetest.Build(r), "serve")
	cmd.Env = append(os.Environ(), "ENV=dev", "ADDR="+addr, "ADIUVA_DATA_DIR="+r.TempDir(), "DATABASE_URL="+r.db.dsn,
		"REDIS_URL="+os.Getenv("TEST_REDIS_URL"), "JWT_SECRET="+jwtSecret, "JWT_ACCESS_TTL=1h", "OPENAI_API_KEY=k",
		"OPENAI_BASE_URL="+r.targets.model.url+"/v1", "LLM_MODEL=gpt-4o-mini", "LLM_ROUTER_MODEL="+routerModel,
		"LLM_TIMEOUT=10m", "ADMIN_ADDR="+freeAddr(r))
	r.targets.service = startProcess(r, addr, "/readyz", cmd)
}

func (r *run) me() requests {
	return requests{name: "GET /auth/me, the service", on: r.targets.service, method: "GET", path: "/api/v1/auth/me",
		auth: true}
}

func (r *run) chat() requests {
	return requests{name: "POST /chat, the service", on: r.targets.service, method: "POST", path: "/api/v1/chat",
		body: question, auth: true}
}

// all returns the requests to the service, each followed by its references.
func (r *run) all() []requests {
	model := requests{method: "POST", path: "/v1/chat/completions", body: asked}
	relay, direct := model, model
	relay.name, relay.on = "a call, bare relay", r.targets.relay
	direct.name, direct.on = "a call, direct", r.targets.model
	return []requests{r.me(),
		{name: "same answer, bare Echo", on: r.targets.echo, method: "GET", path: "/api/v1/auth/me"},
		r.chat(), relay, direct}
}

// sizeRate is the rate at which databases of different sizes are compared.
const sizeRate = 100

// sizeResult is what the service does with a number of accounts.
type sizeResult struct {
	users    int
	bytes    int64
	me, chat result
}

// measureSize makes the database larger and asks the service.
func (r *run) measureSize(users int) {
	r.progress("making %d accounts", users)
	r.db.grow(r, users)
	tokens := r.db.tokens(r)
	r.attack(r.me(), tokens, sizeRate) // fills caches and connections
	one := sizeResult{users: users, me: r.attack(r.me(), tokens, sizeRate), chat: r.attack(r.chat(), tokens, sizeRate)}
	for _, table := range r.db.sizes(r) {
		one.bytes += table.Total
	}
	r.progress("%d accounts: GET /auth/me %v, POST /chat %v at the median", users, one.me.p50, one.chat.p50)
	r.report.sizes = append(r.report.sizes, one)
}

// measureRates asks every target at rising rates, until one in a hundred answers fails or takes longer than a second.
func (r *run) measureRates() {
	tokens := r.db.tokens(r)
	full := map[string]bool{}
	for _, rate := range []int{25, 50, 100, 200, 400, 800, 1600} {
		for _, q := range r.all() {
			if full[q.name] {
				continue
			}
			got := r.attack(q, tokens, rate)
			r.progress("%s at %d/s: p50 %v, p99 %v, CPU %v", q.name, rate, got.p50, got.p99, got.perCall)
			full[q.name] = got.successes < 0.99 || got.p99 > time.Second
			r.report.rates = append(r.report.rates, got)
		}
	}
}

// measureCeilings asks every target as fast as it answers.
func (r *run) measureCeilings() {
	tokens := r.db.tokens(r)
	for _, q := range r.all() {
		got := r.most(q, tokens)
		r.progress("%s: at most %.0f/s, CPU %v", q.name, got.perSec, got.perCall)
		r.report.ceilings = append(r.report.ceilings, got)
	}
}

// uploads is what uploading cost.
type uploads struct {
	bytes         int64
	cpu           time.Duration
	before, after float64 // memory
}

const uploadSize = 32 << 20

// measureUploads has four accounts upload at the same time.
func (r *run) measureUploads() {
	tokens := r.db.tokens(r)
	p := r.targets.service
	got := uploads{before: p.memory(r)}
	cpu := p.cpu(r)
	var work sync.WaitGroup
	var mu sync.Mutex
	for i := range 4 {
		work.Go(func() {
			for range max(1, int(4*r.scale)) {
				if err := upload(p.url, tokens[i]); err != nil {
					r.Error(err)
					return
				}
				mu.Lock()
				got.bytes += uploadSize
				got.after = max(got.after, p.memory(r))
				mu.Unlock()
			}
		})
	}
	work.Wait()
	got.cpu = p.cpu(r) - cpu
	r.progress("%d MB of backups: CPU %v", got.bytes>>20, got.cpu)
	r.report.uploads = got
}

func upload(base, token string) error {
	body := strings.Repeat("x", uploadSize)
	req, err := http.NewRequest(http.MethodPut, base+"/api/v1/backup", strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/octet-stream")
	req.Header.Set("X-Backup-Version", "1")
	req.Header.Set("X-Backup-Timestamp", "1767225600000")
	req.Header.Set("X-Backup-Checksum", fmt.Sprintf("%x", sha256.Sum256([]byte(body))))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("an upload got %s", resp.Status)
	}
	return nil
}
