package llm

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"sync"
)

// events reads server-sent events (HTML Standard §9.2.6). Comments and fields other than data only keep the answer alive.
type events struct {
	in    *bufio.Reader
	heard bool // a line said something since the last read
	data  []byte
	open  bool // data holds lines of an event whose end has not come
	long  []byte
}

// readers are kept for the next answers: a stream needs one for as long as it runs.
type readers struct{ pool sync.Pool }

// of returns events of r. Before it waits for more it calls alive, if a line said something since it last waited.
func (k *readers) of(r io.Reader, alive func()) *events {
	e, ok := k.pool.Get().(*events)
	if !ok {
		e = &events{in: bufio.NewReaderSize(nil, eventsBuffer)}
	}
	e.heard, e.open = false, false
	e.in.Reset(readerFunc(func(p []byte) (int, error) {
		if e.heard {
			e.heard = false
			alive()
		}
		return r.Read(p)
	}))
	return e
}

// maxKept bounds the buffers of a reader that is kept.
const maxKept = 64 << 10

// free takes e back; nothing it returned is valid any more.
func (k *readers) free(e *events) {
	e.in.Reset(nil)
	if cap(e.data)+cap(e.long) <= maxKept {
		k.pool.Put(e)
	}
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
