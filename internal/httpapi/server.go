package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v5"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/apikey"
	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/budget"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/chatstream"
	"github.com/adiuva/cloud-api/internal/docsite"
	"github.com/adiuva/cloud-api/internal/export"
	"github.com/adiuva/cloud-api/internal/forwarded"
	"github.com/adiuva/cloud-api/internal/listener"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/provider"
	"github.com/adiuva/cloud-api/internal/ratelimit"
	"github.com/adiuva/cloud-api/internal/sso"
	"github.com/adiuva/cloud-api/internal/sso/connection"
	"github.com/adiuva/cloud-api/internal/team"
)

// defaultPingInterval is how often sockets are pinged where the Config does not say.
const defaultPingInterval = 30 * time.Second

// BasePath is where the contract's paths begin.
const BasePath = "/api/v1"

// Config is what a Server needs. Fields are required unless noted.
type Config struct {
	Auth             *auth.Service
	Keys             *apikey.Service
	Teams            *team.Service
	SSO              *sso.Service
	Connections      *connection.Service
	Audit            *audit.Log
	Export           *export.Service
	Chat             *chat.Orchestrator
	Agents           *agent.Registry
	Models           *provider.Set
	Backups          *backup.Service
	Billing          *billing.Service
	Budget           *budget.Service
	Playbooks        *playbook.Library
	Docs             *docsite.Site
	Limiter          *ratelimit.Limiter              // nil switches rate limits off
	Ready            func(ctx context.Context) error // asks the database; its error makes /readyz answer 503
	UploadRateWindow time.Duration                   // over which an upload has to average 64 KiB/s; 0 means 30 s
	Version          string
	CORSOrigins      []string          // exact origins; a port of * stands for any port
	PublicURL        string            // where browsers reach our pages, which may call us; "" means where they do
	TrustedProxies   []netip.Prefix    // whose headers about clients are believed; may be empty
	ClientIPHeader   string            // the header in which they name the client; empty: X-Forwarded-For or Forwarded
	TrustedProxyHops int               // how many proxies a request passes, if not all are TrustedProxies; else 0
	WSPingInterval   time.Duration     // how often sockets are pinged; 0 means 30 s
	Heartbeat        time.Duration     // between heartbeats of a running answer; 0 means 10 s
	ToolTimeout      time.Duration     // for the calls of the app's tools in one round; 0 means 60 s
	Timeouts         listener.Timeouts // of a request's phases
	MaxConnections   int               // open at a time; 0 means listener.DefaultMax
	Now              func() time.Time  // nil means time.Now
	Log              *slog.Logger
	Metrics          Metrics // nil counts nothing
	// Traces is where the span of a request is started; nil records none.
	Traces trace.TracerProvider
}

// Metrics counts what the edge does. Operations are operationIds or the routes of pages, states of streams are those of
// package chatstream and "events".
type Metrics interface {
	// Request counts an answered request, or a question of the chat stream.
	Request(operation string, status int, took time.Duration)
	// Active adds to the requests that are being answered.
	Active(change int)
	// Streams adds to the open streams of a state.
	Streams(state string, change int)
	// RateLimited counts a decision about a policy.
	RateLimited(policy string, refused bool)
}

type noMetrics struct{}

func (noMetrics) Request(string, int, time.Duration) {}
func (noMetrics) Active(int)                         {}
func (noMetrics) Streams(string, int)                {}
func (noMetrics) RateLimited(string, bool)           {}

// Server answers the contract's operations and the pages around them. It is an http.Handler, safe for concurrent use.
type Server struct {
	cfg      Config
	handler  http.Handler
	stream   *chatstream.Handler
	bodies   *bodies
	origins  *forwarded.Reader
	headers  securityHeaders
	refusals *refusals
	// publicOrigin is that of our pages, "" where it is not known. A proxy may hide it from requests.
	publicOrigin string
	draining     atomic.Bool
}

var _ api.StrictServerInterface = (*Server)(nil)

// New returns the server, or an error when the contract has an operation that the chain cannot protect.
func New(cfg Config) (*Server, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Metrics == nil {
		cfg.Metrics = noMetrics{}
	}
	if cfg.Traces == nil {
		cfg.Traces = noop.NewTracerProvider()
	}
	if cfg.WSPingInterval <= 0 {
		cfg.WSPingInterval = defaultPingInterval
	}
	s := &Server{cfg: cfg, headers: newSecurityHeaders(), origins: forwarded.New(forwarded.Config{
		Trusted: cfg.TrustedProxies, ClientHeader: cfg.ClientIPHeader, Hops: cfg.TrustedProxyHops,
	})}
	if u, err := url.Parse(cfg.PublicURL); err == nil && u.Host != "" {
		s.publicOrigin = u.Scheme + "://" + u.Host
	}
	var err error
	if s.refusals, err = newRefusals(cfg.Limiter, cfg.Auth.AuthenticateEnded); err != nil {
		return nil, fmt.Errorf("httpapi: %w", err)
	}
	e := echo.NewWithConfig(echo.Config{HTTPErrorHandler: s.fail, Binder: binder{}, Logger: cfg.Log})
	e.OnAddRoute = headLikeGet(e)
	doc, err := loadContract()
	if err != nil {
		return nil, fmt.Errorf("httpapi: %w", err)
	}
	operations, err := readOperations(doc)
	if err != nil {
		return nil, fmt.Errorf("httpapi: %w", err)
	}
	if s.bodies, err = newBodies(doc); err != nil {
		return nil, fmt.Errorf("httpapi: %w", err)
	}
	chains := map[string][]echo.MiddlewareFunc{}
	for id, o := range operations {
		chains[id] = s.chain(o)
	}
	api.RegisterHandlersWithOptions(e, api.NewStrictHandler(s, nil),
		api.RegisterHandlersOptions{BaseURL: BasePath, OperationMiddlewares: chains})
	stream := operations["streamChat"]
	s.stream = s.newStream(stream)
	e.GET(BasePath+stream.route.Path, tagOperation(stream)(s.streamChat))
	hideTemplates(e, doc)
	s.mountPages(e)
	s.handler = s.withRequestInfo(s.recoverPanics(s.limitHeaders(s.cors(s.checkExpect(answerAsterisk(e))))))
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.draining.Load() {
		w.Header().Set("Connection", "close") // the listener is about to close
	}
	joinListHeaders(r.Header)
	s.handler.ServeHTTP(w, r)
}

// Drain makes /readyz answer 503 from now on and refuses new sockets, so that a balancer sends new work elsewhere.
// Requests that still arrive are answered, each as its connection's last.
func (s *Server) Drain() {
	s.draining.Store(true)
	s.stream.Drain()
}

// maxHeaderBytes bounds a request's header. It is below net/http's own bound, whose answer does not say what was too
// large.
const maxHeaderBytes = 32 << 10

// Connections returns the limits for the listener on which s answers.
func (s *Server) Connections() *listener.Connections {
	return listener.New(listener.Config{
		Timeouts: s.cfg.Timeouts, Max: s.cfg.MaxConnections, Shared: s.origins.Trusts, Refuse: s.Refuse, Log: s.cfg.Log,
	})
}
