//go:build load

package load_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/labstack/echo/v5"
)

// The references are this test binary, started again with these variables. They serve until they are killed.
const (
	serverVariable   = "LOAD_SERVER"
	upstreamVariable = "LOAD_UPSTREAM"
	addrVariable     = "LOAD_ADDR"
)

// prose is what the model says. A token of a paced stream is a word of it.
const prose = "This week looks lighter than the last one. The printer has the proofs and expects a call before noon " +
	"on Tuesday, since the paper you like is only kept in small amounts. Anna wrote that the offer can go out once " +
	"the second page names the new price; she also asked whether the workshop in Verona stays on the plan or moves " +
	"into spring. Three rows have no date yet, and one of them, the room for the team lunch, will soon be hard to " +
	"get. Nothing with a fixed date is late. The report for the bank was sent on Friday with a comfortable margin, " +
	"the tax papers are in the shared folder, and the old laptop went back to its owner. If you want to use the " +
	"quiet morning well, begin with the brochure, then answer Anna, and leave the sorting of receipts for the train. "

const (
	tokenPause = 50 * time.Millisecond // between two tokens of a paced stream
	pacedWord  = "paced"               // in a question that wants a paced stream
)

// serve serves as one of the references.
func serve(kind, upstream string) error {
	handlers := map[string]func(string) (http.Handler, error){
		"echo": echoHandler, "relay": relayHandler, "model": modelHandler,
	}
	handler, err := handlers[kind](upstream)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", os.Getenv(addrVariable))
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}

// echoHandler answers as GET /auth/me does, without asking anything.
func echoHandler(string) (http.Handler, error) {
	account := map[string]any{"id": "01000000-0000-7000-8000-000000000001", "email": "user1@example.com",
		"tier": "team", "email_verified": false, "language": "en", "created_at": "2026-11-29T12:00:00Z"}
	e := echo.New()
	e.GET("/api/v1/auth/me", func(c *echo.Context) error { return c.JSON(http.StatusOK, account) })
	return e, nil
}

// relayHandler passes requests on to the model and does nothing else.
func relayHandler(upstream string) (http.Handler, error) {
	target, err := url.Parse(upstream)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{MaxIdleConns: 4096, MaxIdleConnsPerHost: 4096, DisableCompression: true}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, Transport: transport,
		FlushInterval: -1}, nil
}

// modelHandler is the fake model: it names the task agent to a router, answers others at once, and streams to those
// that have pacedWord, 20 tokens a second until the caller leaves.
func modelHandler(string) (http.Handler, error) {
	router, whole := completion("task_agent"), completion(prose)
	burst := []byte(event(prose) + lastEvents)
	var tokens [][]byte
	for word := range strings.SplitAfterSeq(prose, " ") {
		tokens = append(tokens, []byte(event(word)))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		switch {
		case err != nil:
			return
		case bytes.Contains(body, []byte(`"`+routerModel+`"`)):
			answer(w, "application/json", router)
		case !bytes.Contains(body, []byte(`"stream":true`)):
			answer(w, "application/json", whole)
		case bytes.Contains(body, []byte(pacedWord)):
			paced(w, req, tokens)
		default:
			answer(w, "text/event-stream", burst)
		}
	}), nil
}

func paced(w http.ResponseWriter, req *http.Request, tokens [][]byte) {
	pace := time.NewTicker(tokenPause)
	defer pace.Stop()
	flush := w.(http.Flusher).Flush
	w.Header().Set("Content-Type", "text/event-stream")
	for n := 0; ; n++ {
		if _, err := w.Write(tokens[n%len(tokens)]); err != nil {
			return
		}
		flush()
		select {
		case <-pace.C:
		case <-req.Context().Done():
			return
		}
	}
}

func answer(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(body)
}

func completion(text string) []byte {
	quoted, _ := json.Marshal(text) // a string
	return fmt.Appendf(nil, `{"id":"c1","object":"chat.completion","created":1699896916,"model":"gpt-4o-mini",`+
		`"choices":[{"index":0,"message":{"role":"assistant","content":%s},"finish_reason":"stop"}],`+
		`"usage":{"prompt_tokens":13,"completion_tokens":200,"total_tokens":213}}`, quoted)
}

func event(token string) string {
	return `data: {"id":"c1","object":"chat.completion.chunk","created":1699896916,"model":"gpt-4o-mini",` +
		`"choices":[{"index":0,"delta":{"content":"` + token + `"},"finish_reason":null}]}` + "\n\n"
}

const lastEvents = `data: {"id":"c1","object":"chat.completion.chunk","created":1699896916,"model":"gpt-4o-mini",` +
	`"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"
