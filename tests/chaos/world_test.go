//go:build soak

package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/testing/s3test"
	"github.com/adiuva/cloud-api/internal/tier"
)

const (
	webhookSecret = "whsec_0123456789abcdef0123456789abcdef"
	// freeTokens are the tokens that an account of Free has for a day.
	freeTokens = 20_000
	// maxAnswer is the most tokens of one answer of a model.
	maxAnswer = 1_000
)

// The words that users send: nothing of them may be kept anywhere but in backups.
const (
	chatWord     = "plantedchatq7vxz"
	blobWord     = "plantedblobq7vxz"
	passwordWord = "plantedpassq7vxz"
)

// world is the service with everything around it: two replicas behind nginx, and each of their peers behind a gate.
type world struct {
	t        *testing.T
	program  string
	env      []string
	pg       *cluster
	redis    *server
	s3       *s3test.Server
	bucket   string
	stripe   *devstripe.Server
	mails    *mailbox
	models   []*model
	replicas []*replica
	nginx    *nginx
	base     string

	redisGate, s3Gate, stripeGate, mailGate *gate
	modelGates                              []*gate
}

// newWorld starts everything. Variables are NAME=value and override the defaults.
func newWorld(t *testing.T, program string, variables ...string) *world {
	t.Helper()
	w := &world{t: t, program: program, pg: newCluster(t), redis: startRedis(t), s3: s3test.Start(t),
		mails: startMailbox(t)}
	w.bucket = w.s3.Bucket()
	w.redisGate = newGate(t, w.redis.addr)
	w.s3Gate = newGate(t, strings.TrimPrefix(w.s3.URL, "http://"))
	w.mailGate = newGate(t, w.mails.addr)
	for range 2 {
		m := startModel(t)
		w.models = append(w.models, m)
		w.modelGates = append(w.modelGates, newGate(t, m.addr))
	}
	front := freeAddr(t)
	w.startStripe(front)
	w.env = slices.Concat(os.Environ(), w.variables(), variables)
	w.replicas = []*replica{newReplica(t, w.program, w.env), newReplica(t, w.program, w.env)}
	for _, r := range w.replicas {
		r.start()
	}
	w.nginx = startNginx(t, front, w.replicas[0].addr, w.replicas[1].addr)
	w.base = "http://" + front + "/api/v1"
	return w
}

// variables returns the environment of the replicas. AWS's library must not find certificates of this machine.
func (w *world) variables() []string {
	providers := filepath.Join(w.t.TempDir(), "providers.yaml")
	var text strings.Builder
	text.WriteString("providers:\n")
	for i, g := range w.modelGates {
		fmt.Fprintf(&text, "  - {name: model%d, kind: openai, base_url: \"http://%s/v1\", api_key: none, "+
			"models: {agent: fake}, max_output_tokens: %d}\n", i+1, g.addr, maxAnswer)
	}
	check(w.t, os.WriteFile(providers, []byte(text.String()), 0o600))
	return []string{
		"ENV=dev", "LOG_LEVEL=info", "BCRYPT_COST=4", "TRUSTED_PROXIES=127.0.0.1/32",
		"DATABASE_URL=" + w.pg.through(w.pg.service), "REDIS_URL=redis://" + w.redisGate.addr + "/0",
		"JWT_SECRET=" + strings.Repeat("s", 32), "PASSWORD_PEPPER=" + strings.Repeat("p", 32),
		"SECRETS_KEY=" + strings.Repeat("k", 32),
		"S3_BUCKET=" + w.bucket, "S3_REGION=us-east-1", "S3_ENDPOINT=http://" + w.s3Gate.addr,
		"AWS_ACCESS_KEY_ID=" + s3test.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s3test.SecretKey,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_CA_BUNDLE=",
		"STRIPE_SECRET_KEY=sk_test_0123456789", "STRIPE_WEBHOOK_SECRET=" + webhookSecret,
		"STRIPE_API_BASE=http://" + w.stripeGate.addr,
		"STRIPE_PRICE_PRO=price_pro", "STRIPE_PRICE_POWER=price_power", "STRIPE_PRICE_TEAM=price_team",
		"BILLING_SUCCESS_URL=https://app.example.com/ok", "BILLING_CANCEL_URL=https://app.example.com/no",
		"SMTP_URL=smtp://" + w.mailGate.addr, "MAIL_FROM=Adiuva <no-reply@example.com>",
		"LLM_PROVIDERS_FILE=" + providers,
		"LLM_FIRST_TOKEN_TIMEOUT=4s", "LLM_IDLE_TIMEOUT=4s", "LLM_TIMEOUT=12s",
		fmt.Sprint("TOKENS_PER_DAY_FREE=", freeTokens), "TOKENS_PER_DAY_PRO=0", "TOKENS_PER_DAY_POWER=0",
		"TOKENS_PER_DAY_TEAM=0",
		"SHUTDOWN_DELAY=2s", "SHUTDOWN_GRACE=10s",
	}
}

// startStripe starts the stand-in, which delivers its events through the load balancer.
func (w *world) startStripe(front string) {
	stripe, err := devstripe.New(devstripe.Config{
		Prices:     map[tier.Tier]string{tier.Pro: "price_pro", tier.Power: "price_power", tier.Team: "price_team"},
		WebhookURL: "http://" + front + "/api/v1/billing/webhook", WebhookSecret: webhookSecret,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	check(w.t, err)
	web := httptest.NewServer(stripe)
	w.t.Cleanup(func() { web.CloseClientConnections(); web.Close() })
	ctx, stop := context.WithCancel(context.Background())
	var delivering sync.WaitGroup
	delivering.Go(func() { stripe.Maintain(ctx) })
	w.t.Cleanup(func() { stop(); delivering.Wait() })
	w.stripe = stripe
	w.stripeGate = newGate(w.t, strings.TrimPrefix(web.URL, "http://"))
}

// command runs a command of the binary and returns its output.
func (w *world) command(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, w.program, args...)
	cmd.Env = append(slices.Clone(w.env), "ADIUVA_DATA_DIR="+w.t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), err
}

// model is a language model that waits after each word of a streamed answer.
type model struct {
	addr string
	pace atomic.Int64 // nanoseconds
}

func startModel(t *testing.T) *model {
	m := &model{}
	handler := llmtest.NewHandler()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(&pacedWriter{ResponseWriter: w, pace: time.Duration(m.pace.Load())}, r)
	}))
	t.Cleanup(func() { web.CloseClientConnections(); web.Close() })
	m.addr = web.Listener.Addr().String()
	return m
}

type pacedWriter struct {
	http.ResponseWriter
	pace time.Duration
}

// Flush implements http.Flusher.
func (w *pacedWriter) Flush() {
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
	if w.pace > 0 {
		<-time.After(w.pace)
	}
}

// server is a peer in a process of its own.
type server struct {
	t    *testing.T
	args []string
	addr string
	cmd  *exec.Cmd
}

func startRedis(t *testing.T) *server {
	t.Helper()
	addr := freeAddr(t)
	_, port, err := net.SplitHostPort(addr)
	check(t, err)
	s := &server{t: t, addr: addr, args: []string{"redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "",
		"--appendonly", "no", "--loglevel", "warning", "--dir", t.TempDir()}}
	s.start()
	t.Cleanup(s.kill)
	return s
}

func (s *server) start() {
	s.t.Helper()
	s.cmd = exec.Command(s.args[0], s.args[1:]...)
	check(s.t, s.cmd.Start())
	pgtest.Eventually(s.t, 20*time.Second, func() error {
		conn, err := net.Dial("tcp", s.addr)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
}

func (s *server) kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
	s.cmd = nil
}

func (s *server) signal(sig syscall.Signal) { _ = s.cmd.Process.Signal(sig) }

// mailbox is a mail server that keeps the latest code for each recipient.
type mailbox struct {
	addr  string
	mu    sync.Mutex
	codes map[string]string
	count int
}

func startMailbox(t *testing.T) *mailbox {
	t.Helper()
	m := &mailbox{codes: map[string]string{}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	m.addr = l.Addr().String()
	s := smtp.NewServer(m)
	s.Domain = "mail.example.com"
	s.AllowInsecureAuth = true
	go func() {
		if err := s.Serve(l); err != nil && !errors.Is(err, smtp.ErrServerClosed) {
			slog.Error("mail server", slog.Any("error", err))
		}
	}()
	t.Cleanup(func() { _ = s.Close() })
	return m
}

// NewSession implements smtp.Backend.
func (m *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &mailSession{m: m}, nil }

type mailSession struct {
	m  *mailbox
	to string
}

// invitationCode is a code of a team's invitation, as mails show it.
var invitationCode = regexp.MustCompile(`(?m)^ {4}([0-9A-Z][0-9A-Z ]{10,20}[0-9A-Z])\r?$`)

func (s *mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *mailSession) Reset()                               {}
func (s *mailSession) Logout() error                        { return nil }

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.count++
	if found := invitationCode.FindSubmatch(text); found != nil {
		s.m.codes[s.to] = strings.ReplaceAll(string(found[1]), " ", "")
	}
	return err
}

// take returns the code mailed to an address, or "".
func (m *mailbox) take(address string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	code := m.codes[address]
	delete(m.codes, address)
	return code
}
