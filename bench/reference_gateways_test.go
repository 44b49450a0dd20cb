//go:build unix

package bench_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
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
// caller, decode the request, call the model and encode the answer. None of them inspects the answer.

var referenceSecret = []byte("0123456789abcdef0123456789abcdef")

// completion has the members of requests and responses that the references read.
type completion struct {
	Model    string              `json:"model"`
	Messages []completionMessage `json:"messages,omitempty"`
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
func proxyGateway(b *testing.B, upstream string) http.Handler {
	target, err := url.Parse(upstream)
	check(b, err)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     referenceTransport(),
		FlushInterval: -1, BufferPool: &buffers{sync.Pool{New: func() any { return make([]byte, 32<<10) }}}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Otherwise an immediate response closes the body of the request while it is being copied.
		if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
			b.Error(err)
		}
		proxy.ServeHTTP(w, r)
	})
}

type buffers struct{ pool sync.Pool }

func (p *buffers) Get() []byte  { return p.pool.Get().([]byte) }
func (p *buffers) Put(b []byte) { p.pool.Put(b) }

// echofullGateway is an Echo handler that uses encoding/json and net/http.
func echofullGateway(upstream string) http.Handler {
	client := &http.Client{Transport: referenceTransport()}
	e := echo.New()
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
	}, authenticated, rateLimited())
	return e
}

// langchaingoGateway uses langchaingo's OpenAI client, for whole answers over REST and streamed ones over a WebSocket.
func langchaingoGateway(b *testing.B, upstream string) http.Handler {
	model, err := openai.New(openai.WithToken("k"), openai.WithBaseURL(upstream+"/v1"), openai.WithModel("gpt-4o-mini"),
		openai.WithHTTPClient(&http.Client{Transport: referenceTransport()}))
	check(b, err)
	e := echo.New()
	limit := rateLimited()
	e.POST("/v1/chat/completions", func(c *echo.Context) error {
		var in completion
		if err := c.Bind(&in); err != nil {
			return c.NoContent(http.StatusBadRequest)
		}
		answer, err := model.GenerateContent(c.Request().Context(), langchaingoMessages(in))
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
	return e
}

func langchaingoMessages(in completion) []llms.MessageContent {
	var list []llms.MessageContent
	for _, m := range in.Messages {
		list = append(list, llms.TextParts(llms.ChatMessageTypeHuman, m.Content))
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
