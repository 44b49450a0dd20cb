//go:build linux

package bench_test

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

// readHead reads the head of a message and returns the length of its body: -1 if it has none, chunked if it comes in
// chunks. A response must have the status.
func readHead(in *bufio.Reader, status string) (length int, err error) {
	length = -1
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if first && status != "" && !bytes.Contains(line, []byte(" "+status+" ")) {
			rest, _ := in.Peek(in.Buffered())
			return 0, fmt.Errorf("%s%s", line, rest)
		}
		if len(line) <= 2 {
			return length, nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch strings.ToLower(string(name)) {
		case "content-length":
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, err
			}
		case "transfer-encoding":
			length = chunked
		}
	}
}

const chunked = -2

// connection is a client's connection, kept for many requests.
type connection struct {
	conn net.Conn
	in   *bufio.Reader
	body []byte // of the latest response
}

func dial(address string) (*connection, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &connection{conn: conn, in: bufio.NewReaderSize(conn, 16<<10)}, nil
}

func (c *connection) close() { _ = c.conn.Close() }

// ask sends a request and reads the whole response into c.body. Another status than 200 is an error.
func (c *connection) ask(request []byte) error {
	if _, err := c.conn.Write(request); err != nil {
		return err
	}
	length, err := readHead(c.in, "200")
	if err != nil {
		return err
	}
	c.body = c.body[:0]
	if length >= 0 {
		return c.read(length)
	}
	if length != chunked {
		return errors.New("the response has no length")
	}
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(strings.TrimSpace(string(line)), 16, 32)
		if err != nil {
			return err
		}
		if err := c.read(int(size)); err != nil {
			return err
		}
		if _, err := c.in.Discard(2); err != nil || size == 0 {
			return err
		}
	}
}

// read appends n bytes to c.body.
func (c *connection) read(n int) error {
	start := len(c.body)
	c.body = append(c.body, make([]byte, n)...)
	_, err := io.ReadFull(c.in, c.body[start:])
	return err
}

// request is an HTTP request with this token and, unless it is empty, this body.
func request(method, path, address, token, body string) []byte {
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n", method, path, address, token)
	if body != "" {
		head += fmt.Sprintf("Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	return []byte(head + "\r\n" + body)
}

// follow asks for a stream and calls progress whenever a part has arrived, with how much arrived so far: bytes of text
// on a socket, events otherwise. It returns at the end of the answer.
func (c *connection) follow(g *gateway, token, body string, progress func(units int)) error {
	if g.socket != "" {
		if err := c.openSocket(g, token); err != nil {
			return err
		}
		return c.askOnSocket(body, progress)
	}
	return c.askForEvents(request("POST", g.path, g.address, token, body), progress)
}

// askForEvents reads the chunked response to the request, whose events it counts.
func (c *connection) askForEvents(request []byte, progress func(units int)) error {
	if _, err := c.conn.Write(request); err != nil {
		return err
	}
	if length, err := readHead(c.in, "200"); err != nil || length != chunked {
		return fmt.Errorf("the response is no stream: %w", err)
	}
	events, previous := 0, byte(0)
	var tail []byte // of what was read
	for {
		if _, err := c.in.Peek(1); err != nil {
			return err
		}
		part, err := c.in.Peek(c.in.Buffered())
		if err != nil {
			return err
		}
		before := events
		for _, b := range part {
			if b == '\n' && previous == '\n' {
				events++
			}
			previous = b
		}
		tail = append(tail, part[max(len(part)-len(lastChunk), 0):]...)
		tail = append(tail[:0], tail[max(len(tail)-len(lastChunk), 0):]...)
		ended := string(tail) == lastChunk
		if _, err := c.in.Discard(len(part)); err != nil || ended {
			return err
		}
		if events > before {
			progress(events)
		}
	}
}

// openSocket opens a WebSocket.
func (c *connection) openSocket(g *gateway, token string) error {
	var key [16]byte
	_, _ = rand.Read(key[:]) // never fails
	_, err := fmt.Fprintf(c.conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nAuthorization: Bearer %s\r\n\r\n",
		g.socket, g.address, base64.StdEncoding.EncodeToString(key[:]), token)
	if err != nil {
		return err
	}
	_, err = readHead(c.in, "101")
	return err
}

// askOnSocket sends a question and reads frames to the end of the answer: an object on ours, a close frame otherwise.
func (c *connection) askOnSocket(body string, progress func(units int)) error {
	frame := []byte{0x81}
	if len(body) < 1<<16 {
		frame = binary.BigEndian.AppendUint16(append(frame, 0x80|126), uint16(len(body)))
	} else {
		frame = binary.BigEndian.AppendUint64(append(frame, 0x80|127), uint64(len(body)))
	}
	frame = append(frame, 0, 0, 0, 0) // a mask that changes nothing
	if _, err := c.conn.Write(append(frame, body...)); err != nil {
		return err
	}
	for units := 0; ; {
		kind, text, err := c.frame()
		switch {
		case err != nil:
			return err
		case bytes.Contains(text, []byte(`"error"`)):
			return fmt.Errorf("%s", text)
		case kind == closeFrame, bytes.HasPrefix(text, []byte(`{"actions"`)), bytes.HasPrefix(text, []byte(`{"done"`)),
			bytes.HasSuffix(text, []byte(`"type":"done"}`)):
			return nil
		case kind == textFrame && len(text) > 0:
			units += len(text)
			progress(units)
		}
	}
}

const (
	textFrame  = 1
	closeFrame = 8
)

// frame reads one frame, whose text is valid until the next call.
func (c *connection) frame() (kind byte, text []byte, err error) {
	c.body = c.body[:0]
	if err := c.read(2); err != nil {
		return 0, nil, err
	}
	kind, length := c.body[0]&15, int(c.body[1]&127)
	if extended := map[int]int{126: 2, 127: 8}[length]; extended > 0 {
		if err := c.read(extended); err != nil {
			return 0, nil, err
		}
		length = 0
		for _, b := range c.body[2:] {
			length = length<<8 | int(b)
		}
	}
	start := len(c.body)
	err = c.read(length)
	return kind, c.body[start:], err
}
