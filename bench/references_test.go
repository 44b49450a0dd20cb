//go:build linux

package bench_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/labstack/echo/v5"
	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/openai"
	"golang.org/x/time/rate"
)

// The reference gateways do what a simple Go program does for one model call: verify an HS256 token, rate-limit the
// caller, decode the request, call the model and encode the answer. None of them inspects the answer. Each is this
// test binary, started again with these variables.
const (
	gatewayKind    = "BENCH_GATEWAY"
	gatewayAddress = "BENCH_ADDRESS"
	gatewayModel   = "BENCH_MODEL" // address of the model
)

func TestMain(m *testing.M) {
	if kind := os.Getenv(gatewayKind); kind != "" {
		serveAsGateway(kind)
	}
	os.Exit(m.Run())
}

// serveAsGateway serves as a reference until the process is killed.
func serveAsGateway(kind string) {
	model := os.Getenv(gatewayModel)
	l, err := net.Listen("tcp", os.Getenv(gatewayAddress))
	if err != nil {
		panic(err)
	}
	if kind == "copy" {
		copyLoop(l, model)
	}
	handlers := map[string]func(upstream string) (http.Handler, error){
		"proxy": proxyGateway, "echofull": echofullGateway, "langchaingo": langchaingoGateway, "echo": bareEcho,
	}
	handler, err := handlers[kind]("http://" + model)
	if err != nil {
		panic(err)
	}
	panic((&http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}).Serve(l))
}

// copyLoop copies bytes between each connection and one to the model, and knows nothing of HTTP.
func copyLoop(l net.Listener, model string) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			server, err := net.Dial("tcp", model)
			if err != nil {
				_ = client.Close()
				return
			}
			go copyBytes(server, client)
			copyBytes(client, server)
		}()
	}
}

// copyBytes copies with reads and writes, not splice(2), as a gateway that looks at what it passes on does.
func copyBytes(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 4<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// me is as long as the answer of GET /auth/me.
const me = `{"email":"bench1@example.com","email_verified":false,"id":"0199a3f2-7c1e-7b41-9d55-5f0f2c6b8a10",` +
	`"tier":"team","created_at":"2026-11-29T10:00:00Z","limits":{"requests_per_minute":120}}`

// bareEcho answers GET /api/v1/auth/me with fixed bytes, and does nothing else.
func bareEcho(string) (http.Handler, error) {
	e := echo.New()
	e.GET(mePath, func(c *echo.Context) error { return c.JSONBlob(http.StatusOK, []byte(me)) })
	return e, nil
}

const mePath = "/api/v1/auth/me"

var referenceSecret = []byte("0123456789abcdef0123456789abcdef")

// completion has the members of requests and responses that the references read.
type completion struct {
	Model    string              `json:"model"`
	Messages []completionMessage `json:"messages,omitempty"`
	Tools    []llms.Tool         `json:"tools,omitempty"`
	ID       string              `json:"id,omitempty"`
	Object   string              `json:"object,omitempty"`
	Created  int64               `json:"created,omitempty"`
	Choices  []completionChoice  `json:"choices,omitempty"`
	Usage    map[string]any      `json:"usage,omitempty"`
}

type completionMessage struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type completionChoice struct {
	Index        int               `json:"index"`
	Message      completionMessage `json:"message"`
	FinishReason string            `json:"finish_reason"`
}

// referenceTransport keeps every connection open.
func referenceTransport() *http.Transport {
	return &http.Transport{MaxIdleConns: 4096, MaxIdleConnsPerHost: 4096, DisableCompression: true,
		IdleConnTimeout: 90 * time.Second}
}

// proxyGateway is a reverse proxy.
func proxyGateway(upstream string) (http.Handler, error) {
	target, err := url.Parse(upstream)
	if err != nil {
		return nil, err
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     referenceTransport(),
		FlushInterval: -1, BufferPool: &buffers{sync.Pool{New: func() any { return make([]byte, 32<<10) }}}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Otherwise an immediate response closes the body of the request while it is being copied.
		_ = http.NewResponseController(w).EnableFullDuplex() // HTTP/1.1 has it
		proxy.ServeHTTP(w, r)
	}), nil
}

type buffers struct{ pool sync.Pool }

func (p *buffers) Get() []byte  { return p.pool.Get().([]byte) }
func (p *buffers) Put(b []byte) { p.pool.Put(b) }

// echofullGateway is an Echo handler that uses encoding/json and net/http. It also answers GET /api/v1/auth/me with
// fixed bytes, to callers with a token.
func echofullGateway(upstream string) (http.Handler, error) {
	client := &http.Client{Transport: referenceTransport()}
	e := echo.New()
	limit := rateLimited()
	e.GET(mePath, func(c *echo.Context) error { return c.JSONBlob(http.StatusOK, []byte(me)) }, authenticated, limit)
	e.POST("/v1/chat/completions", func(c *echo.Context) error {
		var in completion
		if err := c.Bind(&in); err != nil {
			return c.NoContent(http.StatusBadRequest)
		}
		body, err := json.Marshal(in)
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(c.Request().Context(), http.MethodPost,
			upstream+"/v1/chat/completions", bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer k")
		resp, err := client.Do(req)
		if err != nil {
			return c.NoContent(http.StatusBadGateway)
		}
		defer resp.Body.Close()
		var out completion
		if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
			return c.NoContent(http.StatusBadGateway)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			return err
		}
		return c.JSON(http.StatusOK, out)
	}, authenticated, limit)
	return e, nil
}

// langchaingoGateway uses langchaingo's OpenAI client, for whole answers over REST and streamed ones over a WebSocket.
func langchaingoGateway(upstream string) (http.Handler, error) {
	model, err := openai.New(openai.WithToken("k"), openai.WithBaseURL(upstream+"/v1"), openai.WithModel("gpt-4o-mini"),
		openai.WithHTTPClient(&http.Client{Transport: referenceTransport()}))
	if err != nil {
		return nil, err
	}
	e := echo.New()
	limit := rateLimited()
	e.POST("/v1/chat/completions", func(c *echo.Context) error {
		var in completion
		if err := c.Bind(&in); err != nil {
			return c.NoContent(http.StatusBadRequest)
		}
		options := []llms.CallOption{llms.WithModel(in.Model)}
		if len(in.Tools) > 0 {
			options = append(options, llms.WithTools(in.Tools))
		}
		answer, err := model.GenerateContent(c.Request().Context(), langchaingoMessages(in), options...)
		if err != nil {
			return c.NoContent(http.StatusBadGateway)
		}
		return c.JSON(http.StatusOK,
			completion{Choices: []completionChoice{
				{Message: completionMessage{"assistant", answer.Choices[0].Content}}}})
	}, authenticated, limit)
	up := websocket.Upgrader{}
	e.GET("/ws", func(c *echo.Context) error {
		conn, err := up.Upgrade(c.Response(), c.Request(), nil)
		if err != nil {
			return err
		}
		defer conn.Close()
		var in completion
		if err := conn.ReadJSON(&in); err != nil {
			return nil
		}
		_, _ = model.GenerateContent(c.Request().Context(), langchaingoMessages(in),
			llms.WithStreamingFunc(func(_ context.Context, text []byte) error {
				return conn.WriteMessage(websocket.TextMessage, text)
			}))
		return conn.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""))
	}, authenticated, limit)
	return e, nil
}

func langchaingoMessages(in completion) []llms.MessageContent {
	var list []llms.MessageContent
	for _, m := range in.Messages {
		role := llms.ChatMessageTypeHuman
		if m.Role == "system" {
			role = llms.ChatMessageTypeSystem
		}
		list = append(list, llms.TextParts(role, m.Content))
	}
	return list
}

// referenceTokens returns one HS256 token for each account.
func referenceTokens() []string {
	part := base64.RawURLEncoding.EncodeToString
	signed := part([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." +
		part([]byte(`{"sub":"user-1234","tier":"pro","exp":4102444800}`))
	token := signed + "." + part(signature(signed))
	list := make([]string, accountCount)
	for i := range list {
		list[i] = token
	}
	return list
}

func signature(signed string) []byte {
	h := hmac.New(sha256.New, referenceSecret)
	h.Write([]byte(signed))
	return h.Sum(nil)
}

type referenceClaims struct {
	Subject string `json:"sub"`
	Tier    string `json:"tier"`
	Expiry  int64  `json:"exp"`
}

// authenticated verifies the token of every request.
func authenticated(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c *echo.Context) error {
		token := strings.TrimPrefix(c.Request().Header.Get("Authorization"), "Bearer ")
		cut := strings.LastIndexByte(token, '.')
		if cut < 0 {
			return c.NoContent(http.StatusUnauthorized)
		}
		_, body, _ := strings.Cut(token[:cut], ".")
		mac, err := base64.RawURLEncoding.DecodeString(token[cut+1:])
		payload, err2 := base64.RawURLEncoding.DecodeString(body)
		var claims referenceClaims
		if err != nil || err2 != nil || !hmac.Equal(mac, signature(token[:cut])) ||
			json.Unmarshal(payload, &claims) != nil ||
			claims.Expiry < time.Now().Unix() {
			return c.NoContent(http.StatusUnauthorized)
		}
		c.Set("caller", claims.Tier+":"+claims.Subject)
		return next(c)
	}
}

// rateLimited counts each request in the caller's token bucket.
func rateLimited() echo.MiddlewareFunc {
	var mu sync.Mutex
	buckets := map[string]*rate.Limiter{}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			caller, _ := c.Get("caller").(string)
			mu.Lock()
			bucket := buckets[caller]
			if bucket == nil {
				bucket = rate.NewLimiter(1e9, 1e9)
				buckets[caller] = bucket
			}
			mu.Unlock()
			if !bucket.Allow() {
				return c.NoContent(http.StatusTooManyRequests)
			}
			return next(c)
		}
	}
}
