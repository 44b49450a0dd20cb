package llm

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"sync"
)

const (
	sseBufferBytes    = 2 << 10  // some ten events; the connection has a buffer of its own
	maxSSEPooledBytes = 64 << 10 // readers whose buffers have grown beyond this are not reused
)

// sseReader reads server-sent events (HTML Standard §9.2.6). It skips comments and all fields but data.
type sseReader struct {
	in      *bufio.Reader
	gotLine bool   // a line that is not empty was read since the last read from the network
	data    []byte // of the present event
	hasData bool   // data belongs to an event whose end has not been read yet
	long    []byte // a line that does not fit in's buffer
	isError bool   // the present event is named "error"
}

// maxEventBytes bounds one event.
const maxEventBytes = 4 << 20

var errLongEvent = errors.New("event is too long")

// ssePool reuses readers with their buffers. A stream holds one for as long as it runs.
type ssePool struct{ pool sync.Pool }

// get returns a reader of r. It calls onBytes before it reads from r, if a line that is not empty was read since it
// last did.
func (p *ssePool) get(r io.Reader, onBytes func()) *sseReader {
	s, ok := p.pool.Get().(*sseReader)
	if !ok {
		s = &sseReader{in: bufio.NewReaderSize(nil, sseBufferBytes)}
	}
	s.gotLine = false
	s.hasData, s.isError = false, false
	s.in.Reset(readerFunc(func(b []byte) (int, error) {
		if s.gotLine {
			s.gotLine = false
			onBytes()
		}
		return r.Read(b)
	}))
	return s
}

// put takes s back. What its methods returned is no longer valid, and no text stays in its own memory.
func (p *ssePool) put(s *sseReader) {
	s.in.Reset(nil)
	if cap(s.data)+cap(s.long) <= maxSSEPooledBytes {
		clear(s.data[:cap(s.data)])
		clear(s.long[:cap(s.long)])
		p.pool.Put(s)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// first returns the first byte of the body after a byte order mark and space, without reading it.
func (s *sseReader) first() (byte, error) {
	for {
		next, err := s.in.Peek(1)
		if err != nil {
			return 0, err
		}
		switch next[0] {
		case 0xEF:
			if mark, err := s.in.Peek(3); err != nil || string(mark) != "\ufeff" {
				return next[0], nil
			}
			_, _ = s.in.Discard(3) // what was peeked at can be discarded
		case ' ', '\t', '\r', '\n':
			_, _ = s.in.Discard(1)
		default:
			return next[0], nil
		}
	}
}

// rest returns the rest of the body, of which about length bytes are expected, up to maxDocumentBytes. It is valid
// until s is put back.
func (s *sseReader) rest(length int64) ([]byte, error) {
	data := bytes.NewBuffer(s.long[:0])
	data.Grow(int(min(max(length, 0), maxDocumentBytes)) + bytes.MinRead)
	_, err := data.ReadFrom(io.LimitReader(s.in, maxDocumentBytes))
	s.long = data.Bytes()
	return s.long, err
}

// next returns the data lines of the next event joined by newlines, valid until the next call. At the end of the body
// it returns io.EOF.
func (s *sseReader) next() ([]byte, error) {
	for {
		line, err := s.line()
		if err == io.EOF && s.hasData {
			s.hasData = false // the blank line may be missing; whether the data is complete shows when it is decoded
			return s.data, nil
		}
		if err != nil {
			return nil, err
		}
		if len(line)+len(s.data) > maxEventBytes && s.hasData {
			return nil, errLongEvent
		}
		if len(line) == 0 {
			if !s.hasData {
				s.isError = false
				continue
			}
			s.hasData = false
			return s.data, nil
		}
		s.gotLine = true
		s.addField(line)
	}
}

func (s *sseReader) addField(line []byte) {
	value, ok := bytes.CutPrefix(line, []byte("data:"))
	if !ok {
		if name, ok := bytes.CutPrefix(line, []byte("event:")); ok {
			s.isError = string(bytes.TrimSpace(name)) == "error"
		}
		return
	}
	if s.hasData {
		s.data = append(s.data, '\n')
	} else {
		s.data = s.data[:0]
	}
	s.hasData = true
	s.data = append(s.data, bytes.TrimPrefix(value, []byte(" "))...)
}

// line returns the next line, of any length, without its line ending.
func (s *sseReader) line() ([]byte, error) {
	line, err := s.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		s.long = s.long[:0]
		for errors.Is(err, bufio.ErrBufferFull) {
			s.long = append(s.long, line...)
			if len(s.long) > maxEventBytes {
				return nil, errLongEvent
			}
			line, err = s.in.ReadSlice('\n')
		}
		s.long = append(s.long, line...)
		line = s.long
	}
	if err != nil && (err != io.EOF || len(line) == 0) {
		return nil, err
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), nil
}
