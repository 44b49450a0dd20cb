//go:build soak

package chaos_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// answerWithin is the longest that any request may take, whatever is broken.
	answerWithin = 30 * time.Second
	password     = passwordWord + " battery"
)

// tally counts what happened to requests. It is safe for concurrent use.
type tally struct {
	acknowledged atomic.Int64 // 2xx
	refused      atomic.Int64 // with a problem of the contract
	broken       atomic.Int64 // no answer, or one that is no problem of the contract
	ended        atomic.Int64 // streams that ended with their last event
	cut          atomic.Int64 // streams that did not

	mu        sync.Mutex
	latencies []time.Duration
	codes     map[string]int
}

func (c *tally) note(code string, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.latencies = append(c.latencies, took)
	if code != "" {
		if c.codes == nil {
			c.codes = map[string]int{}
		}
		c.codes[code]++
	}
}

// takeLatency returns the 95th percentile since the last call, and how many requests there were.
func (c *tally) takeLatency() (p95 time.Duration, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n = len(c.latencies)
	if n > 0 {
		slices.Sort(c.latencies)
		p95 = c.latencies[n*95/100]
	}
	c.latencies = c.latencies[:0]
	return p95, n
}

// judge collects what does not hold. It is safe for concurrent use.
type judge struct {
	t       *testing.T
	current atomic.Pointer[fault] // what is broken now, or nil
	renewed atomic.Int64          // sessions that began before this Unix nanosecond may have ended
	mu      sync.Mutex
	said    map[string]int
}

// maxSaid is how often one invariant is reported.
const maxSaid = 5

// violated fails the test, naming the invariant and the fault.
func (j *judge) violated(invariant, format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.said == nil {
		j.said = map[string]int{}
	}
	if j.said[invariant]++; j.said[invariant] > maxSaid {
		j.t.Fail()
		return
	}
	during := "nothing is broken"
	if f := j.current.Load(); f != nil {
		during = f.name
	}
	j.t.Errorf("INVARIANT %s (%s): %s", invariant, during, fmt.Sprintf(format, args...))
}

// weakened reports whether the current fault allows what the invariant forbids.
func (j *judge) weakened(invariant string) bool {
	f := j.current.Load()
	return f != nil && slices.Contains(f.weakens, invariant)
}

// client sends requests as one user does.
type client struct {
	base  string
	http  *http.Client
	tally *tally
	judge *judge
}

func newClient(w *world, t *tally, j *judge) *client {
	transport := &http.Transport{MaxIdleConnsPerHost: 200, IdleConnTimeout: 30 * time.Second} // nginx waits for 75
	w.t.Cleanup(transport.CloseIdleConnections)
	return &client{base: w.base, http: &http.Client{Transport: transport}, tally: t, judge: j}
}

// result is an answer, or the lack of one.
type result struct {
	status int
	code   string // of a problem
	header http.Header
	body   []byte
	err    error
}

func (r result) ok() bool { return r.err == nil && r.status/100 == 2 }

func (r result) String() string {
	if r.err != nil {
		return r.err.Error()
	}
	return fmt.Sprintf("%d %s", r.status, tail(string(r.body), 300))
}

// text returns a member of a JSON body, or "".
func (r result) text(member string) string {
	var m map[string]any
	if json.Unmarshal(r.body, &m) != nil {
		return ""
	}
	text, _ := m[member].(string)
	return text
}

// somewhere returns an address that has sent nothing yet: public operations are limited by address.
func somewhere() string {
	return fmt.Sprintf("203.%d.%d.%d", rand.IntN(256), rand.IntN(256), 1+rand.IntN(254))
}

// request builds a request. A body that is no blob is JSON.
func (c *client) request(
	ctx context.Context, method, path string, body []byte, h map[string]string,
) (*http.Request, error) {
	var reader io.Reader = http.NoBody
	if body != nil {
		reader = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, reader)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Forwarded-For", somewhere())
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range h {
		req.Header.Set(name, value)
	}
	return req, nil
}

// do sends a request and judges the answer.
func (c *client) do(method, path string, body []byte, h map[string]string) result {
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	start := time.Now()
	req, err := c.request(ctx, method, path, body, h)
	if err != nil {
		return result{err: err}
	}
	resp, err := c.http.Do(req)
	if err != nil && strings.Contains(err.Error(), "server closed idle connection") {
		// nginx ends a connection that it has said to keep when the answer to an upload came before the upload's end.
		if req.GetBody != nil {
			req.Body, _ = req.GetBody()
		}
		resp, err = c.http.Do(req)
	}
	if err != nil {
		return c.judged(method, path, result{err: err}, start)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	r := result{status: resp.StatusCode, header: resp.Header, body: data, err: err}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json") {
		r.code = r.text("code")
	}
	return c.judged(method, path, r, start)
}

// judged counts a result: everything is answered in time, by the contract's problems, and never by "internal".
func (c *client) judged(method, path string, r result, start time.Time) result {
	c.tally.note(r.code, time.Since(start))
	switch {
	case r.ok() || r.err == nil && r.status/100 == 3:
		c.tally.acknowledged.Add(1)
	case r.err == nil && (r.code != "" || method == http.MethodHead && r.header.Get("X-Request-Id") != ""):
		c.tally.refused.Add(1)
		if r.code == "internal" || r.status == http.StatusInternalServerError {
			c.judge.violated("errors are known ones", "%s %s: %s", method, path, r)
		}
	case r.status == http.StatusOK && errors.Is(r.err, io.ErrUnexpectedEOF) && c.judge.current.Load() != nil:
		c.tally.cut.Add(1) // an answer that was under way, which the client sees to be incomplete
	default:
		c.tally.broken.Add(1)
		if !c.judge.weakened(everyAnswer) {
			took := time.Since(start).Round(time.Millisecond)
			c.judge.violated(everyAnswer, "%s %s after %v: %s", method, path, took, r)
		}
	}
	return r
}

// post sends JSON.
func (c *client) post(path string, body map[string]any, h map[string]string) result {
	text, err := json.Marshal(body)
	if err != nil {
		return result{err: err}
	}
	return c.do(http.MethodPost, path, text, h)
}

// session is a signed-in account.
type session struct {
	*client
	email, access, refresh string
	began                  int64 // Unix nanosecond
}

func (s *session) bearer() map[string]string {
	return map[string]string{"Authorization": "Bearer " + s.access}
}

// signIn logs in, or registers where there is no account, until it succeeds or the context ends.
func (s *session) signIn(ctx context.Context) error {
	account := map[string]any{"email": s.email, "password": password}
	for {
		began := time.Now().UnixNano()
		r := s.post("/auth/register", account, nil)
		if r.code == "email_taken" {
			r = s.post("/auth/login", account, nil)
		}
		if r.ok() {
			s.access, s.refresh, s.began = r.text("access_token"), r.text("refresh_token"), began
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s cannot sign in: %s", s.email, r)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// authorized sends a request, once more after a new sign-in where the session is refused.
func (s *session) authorized(method, path string, body []byte, h map[string]string) result {
	send := func() result {
		headers := s.bearer()
		for name, value := range h {
			headers[name] = value
		}
		return s.do(method, path, body, headers)
	}
	r := send()
	if r.status != http.StatusUnauthorized {
		return r
	}
	if !s.judge.weakened(sessions) && s.began > s.judge.renewed.Load() {
		s.judge.violated(sessions, "%s %s with a good session: %s", method, path, r)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := s.signIn(ctx); err != nil {
		return r
	}
	return send()
}

// chatBody is a question about rows that the request carries.
func chatBody(extra string) []byte {
	return []byte(`{"message":"List my open tasks. ` + chatWord + `","context":{"tasks":[{"id":"t1","title":"Call ` +
		chatWord + `","status":"todo","priority":"high","projectId":"p1"}]}` + extra + `}`)
}

// socket asks one question over a socket of this version and reads to the end. cut says why there was no last event.
func (s *session) socket(version int) (refused bool, cut error) {
	h := http.Header{"Authorization": {"Bearer " + s.access}, "X-Forwarded-For": {somewhere()}}
	dialer := websocket.Dialer{HandshakeTimeout: answerWithin}
	query := ""
	if version == 2 {
		query = "?v=2"
	}
	conn, resp, err := dialer.Dial("ws"+strings.TrimPrefix(s.base, "http")+"/chat/stream"+query, h)
	if err != nil {
		if resp != nil && strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json") {
			return true, nil
		}
		return true, fmt.Errorf("handshake: %w", err)
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(answerWithin))
	if err := conn.WriteMessage(websocket.TextMessage, chatBody("")); err != nil {
		return false, fmt.Errorf("question: %w", err)
	}
	for {
		_, data, err := conn.ReadMessage()
		if err != nil {
			return false, err
		}
		if isLast(data) {
			return false, nil
		}
	}
}

// events asks one question for server-sent events and reads to the end.
func (s *session) events() (refused bool, cut error) {
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	h := s.bearer()
	h["Accept"] = "text/event-stream"
	req, err := s.request(ctx, http.MethodPost, "/chat", chatBody(""), h)
	if err != nil {
		return true, err
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return true, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json") {
			return true, nil
		}
		return true, fmt.Errorf("answered %d", resp.StatusCode)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: ")); ok {
			if isLast(data) {
				return false, nil
			}
		}
	}
	if err := lines.Err(); err != nil {
		return false, err
	}
	return false, io.ErrUnexpectedEOF
}

// isLast reports whether a frame or an event ends an answer, also with an error.
func isLast(data []byte) bool {
	var frame struct {
		Done bool   `json:"done"`
		Type string `json:"type"`
		ID   string `json:"id"`
	}
	return json.Unmarshal(data, &frame) == nil &&
		(frame.Done || frame.Type == "done" || frame.Type == "error" && frame.ID == "")
}

// countStream counts the end of a stream.
func (s *session) countStream(kind string, refused bool, cut error) {
	switch {
	case cut != nil:
		s.tally.cut.Add(1)
		if !s.judge.weakened(everyAnswer) {
			s.judge.violated("streams end with their last event", "%s: %v", kind, cut)
		}
	case refused:
		s.tally.refused.Add(1)
	default:
		s.tally.ended.Add(1)
	}
}
