package llm

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// events reads server-sent events (HTML Standard §9.2.6). Comments and fields other than data only keep the answer alive.
type events struct {
	in    *bufio.Reader
	heard bool // a line said something since the last read
	data  []byte
	open  bool // data holds lines of an event whose end has not come
	long  []byte
}

// newEvents reads r. Before it waits for more it calls alive, if a line said something since it last waited.
func newEvents(r io.Reader, alive func()) *events {
	e := &events{}
	e.in = bufio.NewReaderSize(readerFunc(func(p []byte) (int, error) {
		if e.heard {
			e.heard = false
			alive()
		}
		return r.Read(p)
	}), eventsBuffer)
	return e
}

// eventsBuffer holds some ten events; the connection's own buffer stands before it.
const eventsBuffer = 2 << 10

type readerFunc func(p []byte) (int, error)

// Read implements io.Reader.
func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// next returns the next event's data lines joined by newlines, valid until the next call; io.EOF at the end of the body.
func (e *events) next() ([]byte, error) {
	for {
		line, err := e.line()
		if err == io.EOF && e.open {
			e.open = false // its empty line is all that is missing; what it says shows whether it is whole
			return e.data, nil
		}
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			if !e.open {
				continue
			}
			e.open = false
			return e.data, nil
		}
		e.heard = true
		e.field(line)
	}
}

func (e *events) field(line []byte) {
	value, ok := bytes.CutPrefix(line, []byte("data:"))
	if !ok {
		return
	}
	if e.open {
		e.data = append(e.data, '\n')
	} else {
		e.data = e.data[:0]
	}
	e.open = true
	e.data = append(e.data, bytes.TrimPrefix(value, []byte(" "))...)
}

// line returns the next line, of any length, without its end.
func (e *events) line() ([]byte, error) {
	line, err := e.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		e.long = e.long[:0]
		for errors.Is(err, bufio.ErrBufferFull) {
			e.long = append(e.long, line...)
			line, err = e.in.ReadSlice('\n')
		}
		e.long = append(e.long, line...)
		line = e.long
	}
	if err != nil && (err != io.EOF || len(line) == 0) {
		return nil, err
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), nil
}
