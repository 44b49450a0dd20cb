package http1

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/net/http/httpguts"
)

// Errors of requests that would not be what the caller meant. They quote nothing of the request, which has keys in it.
var (
	errMethod = errors.New("invalid method")
	errTarget = errors.New("invalid character in the URL or the host")
	errHeader = errors.New("invalid header name or value")
	errLength = errors.New("the body has another length than the request says")
)

// validate returns an error if a part of the request's head could end it or begin another one.
func validate(req *http.Request) error {
	if req.Method != "" && !httpguts.ValidHeaderFieldName(req.Method) {
		return errMethod
	}
	if req.Body == nil && req.ContentLength != 0 {
		return errLength
	}
	target := req.URL.RequestURI()
	for i := range len(target) {
		if c := target[i]; c <= ' ' || c == 0x7f {
			return errTarget
		}
	}
	if host := hostHeader(req); host == "" || !httpguts.ValidHostHeader(host) {
		return errTarget
	}
	for name, values := range req.Header {
		if !httpguts.ValidHeaderFieldName(name) {
			return errHeader
		}
		for _, value := range values {
			if !httpguts.ValidHeaderFieldValue(value) {
				return errHeader
			}
		}
	}
	return nil
}

// hostHeader returns the value of the Host header.
func hostHeader(req *http.Request) string {
	if req.Host != "" {
		return req.Host
	}
	return req.URL.Host
}

// bodyLength returns the length of the body; a request without one may say that it does not know.
func bodyLength(req *http.Request) int64 { return max(req.ContentLength, 0) }

// appendHead writes the head of a request, which must be valid.
func appendHead(b []byte, req *http.Request, keepAlive bool) []byte {
	method := req.Method
	if method == "" {
		method = http.MethodGet
	}
	b = append(append(b, method...), ' ')
	b = append(append(b, req.URL.RequestURI()...), " HTTP/1.1\r\nHost: "...)
	b = append(append(b, hostHeader(req)...), "\r\n"...)
	agent, named := req.Header["User-Agent"]
	switch {
	case !named:
		b = append(b, "User-Agent: Go-http-client/1.1\r\n"...) // what net/http sends
	case len(agent) > 0 && agent[0] != "":
		b = appendHeader(b, "User-Agent", agent[0])
	}
	n := bodyLength(req)
	if n > 0 || method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch {
		b = append(b, "Content-Length: "...)
		b = append(strconv.AppendInt(b, n, 10), "\r\n"...)
	}
	for name, values := range req.Header {
		switch http.CanonicalHeaderKey(name) {
		case "Host", "User-Agent", "Content-Length", "Transfer-Encoding", "Trailer":
			continue // written above, or not ours to send
		case "Connection":
			if !keepAlive {
				continue
			}
		}
		for _, value := range values {
			b = appendHeader(b, name, value)
		}
	}
	if !keepAlive {
		b = append(b, "Connection: close\r\n"...)
	}
	return append(b, "\r\n"...)
}

func appendHeader(b []byte, name, value string) []byte {
	b = append(append(b, name...), ": "...)
	return append(append(b, strings.Trim(value, " \t")...), "\r\n"...)
}

// maxPooledBytes bounds the buffers that are reused: a request with a long conversation is much larger than others.
const maxPooledBytes = 64 << 10

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// write sends the request in one write and closes its body.
func (c *call) write(keepAlive bool) error {
	buffer := buffers.Get().(*[]byte)
	b := appendHead((*buffer)[:0], c.req, keepAlive)
	defer func() {
		if cap(b) <= maxPooledBytes {
			*buffer = b[:0]
			buffers.Put(buffer)
		}
	}()
	if c.req.Body != nil {
		var err error
		b, err = appendBody(b, c.req.Body, int(bodyLength(c.req)))
		if err = errors.Join(err, c.req.Body.Close()); err != nil {
			c.unsent = true
			return err
		}
	}
	_, err := c.conn.Write(b)
	return err
}

// appendBody reads a body of n bytes into b.
func appendBody(b []byte, body io.Reader, n int) ([]byte, error) {
	from := len(b)
	if cap(b)-from < n+1 {
		b = append(make([]byte, 0, from+n+1), b...)
	}
	read, err := io.ReadFull(body, b[from:from+n])
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errLength
		}
		return b[:from], fmt.Errorf("reading the request's body after %d bytes: %w", read, err)
	}
	if more, _ := io.ReadFull(body, b[from+n:from+n+1]); more > 0 {
		return b[:from], errLength
	}
	return b[:from+n], nil
}
