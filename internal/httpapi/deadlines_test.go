package httpapi_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/docsite"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/listener"
)

const (
	short   = 300 * time.Millisecond // the timeouts of these tests
	patient = time.Minute            // how long a loaded machine may take to notice one
)

func withShortTimeouts(c *httpapi.Config) {
	c.Timeouts = listener.Timeouts{Header: short, Body: short, Write: short, Drain: short, Idle: short}
	c.UploadRateWindow = short
}

// parameter is one of a path of the contract.
var parameter = regexp.MustCompile(`\{[a-z_]+\}`)

// paths returns an address for every path of the contract and for every page.
func paths(t *testing.T) []string {
	t.Helper()
	list := []string{"/", "/livez", "/readyz", "/nowhere", "/api/v1/nowhere"}
	for path := range contract(t).Paths.Map() {
		list = append(list, "/api/v1"+parameter.ReplaceAllString(path, "0199a3f2-7c1e-7b41-9d55-5f0f2c6b8a10"))
	}
	site, err := docsite.New(docsite.Config{Version: "test"})
	check(t, err)
	list = slices.AppendSeq(list, maps.Keys(site.Routes()))
	slices.Sort(list)
	return list
}

// silences are requests that stop at some point. %s stands for the first line and the headers that every one has.
var silences = map[string]string{
	"in the first line":   "GE",
	"in the header":       "%s",
	"in a header line":    "%sX-A: b",
	"before the body":     "%sContent-Length: 10\r\n\r\n",
	"in the body":         "%sContent-Length: 10\r\n\r\n{",
	"before a large body": "%sContent-Length: 900000\r\n\r\n",
	"before a chunk":      "%sTransfer-Encoding: chunked\r\n\r\n",
	"in a chunk":          "%sTransfer-Encoding: chunked\r\n\r\n5\r\nab",
	"in a chunk's length": "%sTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n1",
	"in the trailer":      "%sTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-A:",
	"until told to go on": "%sExpect: 100-continue\r\nContent-Length: 10\r\n\r\n",
	"unknown expectation": "%sExpect: something\r\nContent-Length: 10\r\n\r\n",
	"unknown coding":      "%sTransfer-Encoding: something\r\n\r\n",
	"after an upgrade":    "%sConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 10\r\n\r\n",
	"after the request":   "%s\r\n",
}

// TestSilentClientsAreDisconnected lets clients fall silent in every phase of a request, on every route, with every
// method, with a token and without.
func TestSilentClientsAreDisconnected(t *testing.T) {
	t.Attr("case", "S2")
	t.Parallel()
	a := start(t, nil, withShortTimeouts)
	me := a.Register("silent@example.com")
	addr := strings.TrimPrefix(a.URL, "http://")
	begun := make(chan struct{}, 600) // connections at a time
	var open sync.WaitGroup
	for _, path := range paths(t) {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FROB"} {
			for phase, text := range silences {
				begun <- struct{}{}
				open.Go(func() {
					defer func() { <-begun }()
					head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n", method, path)
					if len(phase)%2 == 0 { // half of them, the same at each run
						head += "Authorization: " + me["Authorization"] + "\r\n"
					}
					if err := waitForClose(addr, strings.Replace(text, "%s", head, 1)); err != nil {
						t.Errorf("%s %s, silent %s: %v", method, path, phase, err)
					}
				})
			}
		}
	}
	open.Wait()
	if logs := a.Logs.String(); strings.Contains(logs, `"level":"ERROR"`) {
		t.Errorf("silent clients are logged as errors: %.2000s", logs[strings.Index(logs, `"level":"ERROR"`):])
	}
}

// waitForClose sends text and returns an error when the server keeps the connection.
func waitForClose(addr, text string) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patient)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, text); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return nil
}

// endless reads as the same text again and again.
type endless struct {
	text string
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.text[e.at:])
	e.at = (e.at + n) % len(e.text)
	return n, nil
}

// dialUnread connects with buffers that a few answers fill, at both ends: the server's grows with the size of a
// segment. The defaults take several megabytes of answers, for which a busy machine needs minutes.
func dialUnread(addr string) (net.Conn, error) {
	dialer := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(fd uintptr) {
			failed = errors.Join(
				syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10),
				syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, 536))
		})
		return errors.Join(err, failed)
	}}
	return dialer.Dial("tcp", addr)
}

// TestClientsThatNeverReadAreDisconnected sends requests and reads no answer.
func TestClientsThatNeverReadAreDisconnected(t *testing.T) {
	t.Attr("case", "S2")
	t.Parallel()
	a := start(t, nil, withShortTimeouts)
	me := a.Register("unread@example.com")
	var open sync.WaitGroup
	for _, line := range []string{
		"GET /openapi.yaml", "GET /docs", "GET /api/v1/backup/history", "GET /nowhere", "PATCH /api/v1/chat",
	} {
		open.Go(func() {
			conn, err := dialUnread(strings.TrimPrefix(a.URL, "http://"))
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			request := line + " HTTP/1.1\r\nHost: x\r\nAuthorization: " + me["Authorization"] + "\r\n\r\n"
			// It takes thousands of answers to fill the buffers, which is slow on a loaded machine.
			if err := conn.SetWriteDeadline(time.Now().Add(5 * patient)); err != nil {
				t.Error(err)
				return
			}
			if _, err := io.Copy(conn, &endless{text: request}); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s: the server waits for the client to read: %v", line, err)
			}
		})
	}
	open.Wait()
}

// TestNoPhaseOfARequestIsLong adds up how long a client may be silent.
func TestNoPhaseOfARequestIsLong(t *testing.T) {
	t.Attr("case", "S2")
	t.Parallel()
	limits := listener.Timeouts{}.WithDefaults()
	if sum := limits.Header + limits.Body + limits.Drain; sum > 35*time.Second {
		t.Errorf("a client that sends nothing keeps its connection for %v", sum)
	}
	if sum := limits.Write + limits.Drain; sum > 35*time.Second {
		t.Errorf("a client that reads nothing keeps its connection for %v", sum)
	}
	if limits.Idle <= 600*time.Second {
		t.Errorf("load balancers keep connections for 600 s, this server for %v", limits.Idle)
	}
}
