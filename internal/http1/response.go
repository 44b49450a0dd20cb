package http1

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// Errors of responses. They quote nothing of the response.
var (
	errMalformed   = errors.New("malformed HTTP/1.1 response")
	errLongHead    = errors.New("the head of the response is too long")
	errUpgraded    = errors.New("the server switched protocols without being asked to")
	errUnsupported = errors.New("unsupported transfer encoding")
)

// maxInformational bounds the 1xx responses before the response.
const maxInformational = 5

// headReader reads heads and trailers of responses.
type headReader struct {
	in     *bufio.Reader
	limit  int    // bytes that are left for this response
	strict bool   // lines must end with a carriage return too
	text   []byte // lines of the present head, each with its line ending
}

// response reads the status and the headers of the response, and passes over those with 1xx before it.
func (r *headReader) response(req *http.Request) (*http.Response, error) {
	for range maxInformational + 1 {
		status, err := r.line()
		if err != nil {
			return nil, err
		}
		resp := &http.Response{Request: req}
		if err := parseStatus(string(status), resp); err != nil {
			return nil, err
		}
		if resp.Header, err = r.headers(); err != nil {
			return nil, err
		}
		switch {
		case resp.StatusCode == http.StatusSwitchingProtocols:
			return nil, errUpgraded
		case resp.StatusCode >= 200:
			return resp, nil
		}
	}
	return nil, fmt.Errorf("%w: too many 1xx responses", errMalformed)
}

// line returns the next line without its line ending, valid until the next read.
func (r *headReader) line() ([]byte, error) {
	line, err := r.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		long := slices.Clone(line)
		for errors.Is(err, bufio.ErrBufferFull) && len(long) <= r.limit {
			line, err = r.in.ReadSlice('\n')
			long = append(long, line...)
		}
		line = long
	}
	if r.limit -= len(line); r.limit < 0 {
		return nil, errLongHead
	}
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	line, ok := bytes.CutSuffix(line[:len(line)-1], []byte("\r"))
	if r.strict && !ok {
		return nil, fmt.Errorf("%w: line ending", errMalformed)
	}
	return line, nil
}

// trailer reads what follows the last chunk, which is nearly always an empty line.
func (r *headReader) trailer() (http.Header, error) {
	next, err := r.in.Peek(2)
	if err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	if string(next) == "\r\n" {
		_, _ = r.in.Discard(2) // what was peeked at can be discarded
		return nil, nil
	}
	r.strict = true
	return r.headers()
}

// parseStatus reads a line such as "HTTP/1.1 200 OK".
func parseStatus(line string, resp *http.Response) error {
	proto, status, ok := strings.Cut(line, " ")
	major, minor, known := http.ParseHTTPVersion(proto)
	status = strings.TrimLeft(status, " ")
	code, _, _ := strings.Cut(status, " ")
	n, err := strconv.ParseUint(code, 10, 16)
	if !ok || !known || major != 1 || len(code) != 3 || err != nil || n < 100 {
		return fmt.Errorf("%w: no status line", errMalformed)
	}
	resp.Proto, resp.ProtoMajor, resp.ProtoMinor, resp.Status, resp.StatusCode = proto, major, minor, status, int(n)
	return nil
}

// headers reads header lines up to the empty line. A line that begins with space continues the one before it.
func (r *headReader) headers() (http.Header, error) {
	r.text = r.text[:0]
	lines := 0
	for {
		line, err := r.line()
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			folded := bytes.Trim(line, " \t")
			if lines == 0 || len(folded) == 0 {
				return nil, fmt.Errorf("%w: header", errMalformed)
			}
			r.text = append(append(bytes.TrimRight(r.text, " \t\n"), ' '), folded...)
		} else {
			lines++
			r.text = append(r.text, line...)
		}
		r.text = append(r.text, '\n')
	}
	header := make(http.Header, lines)
	values := make([]string, 0, lines) // of all headers in one allocation
	for line := range strings.Lines(string(r.text)) {
		name, value, ok := strings.Cut(line, ":")
		value = strings.Trim(value, " \t\n")
		if !ok || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return nil, fmt.Errorf("%w: header", errMalformed)
		}
		name = textproto.CanonicalMIMEHeaderKey(name)
		if list := header[name]; list != nil {
			header[name] = append(list, value)
			continue
		}
		values = append(values, value)
		header[name] = values[len(values)-1 : len(values) : len(values)]
	}
	return header, nil
}

// framing is how the end of a body is found.
type framing struct {
	length  int64 // -1 if it is not known
	chunked bool
	final   bool // the connection must not be used again
}

// frame returns the framing of the response (RFC 9112 §6.3) and completes resp with it.
func frame(resp *http.Response) (framing, error) {
	f := framing{length: -1, final: !keepsAlive(resp.Header, resp.ProtoMinor)}
	length, err := contentLength(resp.Header)
	if err != nil {
		return f, err
	}
	encoding := resp.Header["Transfer-Encoding"]
	delete(resp.Header, "Transfer-Encoding")
	switch {
	case resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusNotModified:
		f.length = 0
	case resp.Request.Method == http.MethodHead:
		f.length, resp.ContentLength = 0, length
		return f, nil
	case len(encoding) > 0 && resp.ProtoMinor > 0:
		if len(encoding) != 1 || !strings.EqualFold(encoding[0], "chunked") {
			return f, errUnsupported
		}
		f.chunked, resp.TransferEncoding = true, []string{"chunked"}
		f.final = f.final || length >= 0 // with both, a proxy on the way may have seen another end
		delete(resp.Header, "Content-Length")
	default:
		f.length = length
		f.final = f.final || length < 0
	}
	resp.ContentLength, resp.Close = f.length, f.final
	return f, nil
}

// contentLength returns the length that the headers say, or -1. Several must be the same, and become one.
func contentLength(header http.Header) (int64, error) {
	list := header["Content-Length"]
	if len(list) == 0 {
		return -1, nil
	}
	n, err := strconv.ParseUint(list[0], 10, 63)
	if err != nil || slices.ContainsFunc(list, func(other string) bool { return other != list[0] }) {
		return -1, fmt.Errorf("%w: Content-Length", errMalformed)
	}
	header["Content-Length"] = list[:1]
	return int64(n), nil
}
