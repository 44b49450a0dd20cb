package http1

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"sync"

	"golang.org/x/net/http/httpguts"
)

// readBytes is the size of the buffer that a response is read through: a head fits in it.
const readBytes = 2 << 10

var readers = sync.Pool{New: func() any { return &headReader{in: bufio.NewReaderSize(nil, readBytes)} }}

// call is one request on one connection, and the body of its response. It ends when the body was read to its end, was
// closed, or failed; the connection then goes back to the pool or is closed.
type call struct {
	transport *Transport
	conn      *conn
	host      host
	req       *http.Request
	stop      func() bool // ends the watch over the request's context; false if that has ended
	reader    *headReader
	resp      *http.Response
	framing   framing
	chunks    io.Reader // the body of a chunked response

	answered bool // a byte of a response was read
	unsent   bool // the request could not be read, so that none of it was written

	reading sync.Mutex // held by Read; Close, which may be called meanwhile, waits for it
	mu      sync.Mutex
	closed  bool  // Close was called, so that the connection may be interrupted
	ended   error // what reads return since the call has ended
}

// do sends the request and reads the response's head.
func (c *call) do() (*http.Response, error) {
	keepAlive := !c.req.Close && c.transport.pool.perHost > 0 &&
		!httpguts.HeaderValuesContainsToken(c.req.Header["Connection"], "close")
	sendErr := c.write(keepAlive)
	if c.unsent {
		return nil, sendErr
	}
	c.reader = readers.Get().(*headReader)
	c.reader.in.Reset(c.conn)
	c.reader.limit, c.reader.strict = c.transport.headBytes, false
	// A server may refuse a request before it has read all of it.
	if _, err := c.reader.in.Peek(1); err != nil {
		if sendErr != nil {
			err = sendErr
		}
		return nil, err
	}
	c.answered = true
	resp, err := c.reader.response(c.req)
	if err != nil {
		return nil, err
	}
	if c.framing, err = frame(resp); err != nil {
		return nil, err
	}
	c.framing.final = c.framing.final || !keepAlive || sendErr != nil
	resp.TLS = c.conn.tls
	c.resp = resp
	switch {
	case c.framing.length == 0:
		c.end(io.EOF)
		resp.Body = http.NoBody
		return resp, nil
	case c.framing.chunked:
		c.chunks = httputil.NewChunkedReader(c.reader.in)
	}
	resp.Body = (*body)(c)
	return resp, nil
}

// abandon ends a call without a response.
func (c *call) abandon() { c.end(io.ErrUnexpectedEOF) }

// end ends the call once. The connection can be used again after io.EOF, which says that the body was complete.
func (c *call) end(err error) {
	c.mu.Lock()
	done := c.ended != nil
	if !done {
		c.ended = err
	}
	closed := c.closed
	c.mu.Unlock()
	if done {
		return
	}
	reusable := c.stop() && !closed && err == io.EOF && !c.framing.final && c.reader.in.Buffered() == 0
	if c.reader != nil {
		c.reader.in.Reset(nil)
		if cap(c.reader.text) > maxPooledBytes {
			c.reader.text = nil
		}
		readers.Put(c.reader)
		c.reader = nil
	}
	if !reusable {
		_ = c.conn.Close()
		return
	}
	c.transport.pool.put(c.host, c.conn)
}

// body is the body of a call's response.
type body call

var errClosed = errors.New("read of a closed response body")

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	c := (*call)(b)
	c.reading.Lock()
	defer c.reading.Unlock()
	if err := c.endedWith(); err != nil {
		return 0, err
	}
	n, err := c.read(p)
	if err != nil && err != io.EOF {
		err = cause(c.req.Context(), err)
	}
	if err != nil {
		c.end(err)
	}
	return n, err
}

// read reads a part of the body. It returns io.EOF only at the body's end.
func (c *call) read(p []byte) (n int, err error) {
	if c.framing.chunked {
		n, err = c.chunks.Read(p)
		if err == io.EOF {
			c.resp.Trailer, err = c.reader.trailer()
			if err == nil {
				err = io.EOF
			}
		}
		return n, err
	}
	if c.framing.length < 0 {
		return c.reader.in.Read(p)
	}
	if int64(len(p)) > c.framing.length {
		p = p[:c.framing.length]
	}
	n, err = c.reader.in.Read(p)
	switch c.framing.length -= int64(n); {
	case c.framing.length == 0:
		return n, io.EOF
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Close implements io.Closer. A body that was not read to its end costs the connection. Close may be called during a
// read, which it ends.
func (b *body) Close() error {
	c := (*call)(b)
	c.mu.Lock()
	c.closed = true
	if c.ended == nil {
		c.conn.interrupt()
	}
	c.mu.Unlock()
	c.reading.Lock()
	defer c.reading.Unlock()
	c.end(errClosed)
	return nil
}

func (c *call) endedWith() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errClosed
	}
	return c.ended
}
