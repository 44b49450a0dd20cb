package llmtest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
)

// Transport returns a RoundTripper that calls handler in the process, without sockets, so that a test in a synctest
// bubble can measure deadlines by the bubble's clock. The response's body is read while the handler writes it.
func Transport(handler http.Handler) http.RoundTripper { return &transport{handler: handler} }

type transport struct{ handler http.Handler }

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(r.Context())
	read, write := io.Pipe()
	w := &pipeWriter{header: http.Header{}, body: write, head: make(chan struct{})}
	go func() {
		defer cancel()
		defer func() {
			if cause := recover(); cause != nil {
				_ = write.CloseWithError(io.ErrUnexpectedEOF) // the handler aborted the connection
				w.abort()
				return
			}
			w.WriteHeader(http.StatusOK)
			_ = write.CloseWithError(r.Context().Err()) // nil: the end of the body
		}()
		t.handler.ServeHTTP(w, r.WithContext(ctx))
	}()
	stop := context.AfterFunc(ctx, func() {
		if err := r.Context().Err(); err != nil {
			_ = write.CloseWithError(err)
		}
	})
	select {
	case <-w.head:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if w.aborted {
		return nil, errors.New("connection aborted before the headers")
	}
	return &http.Response{StatusCode: w.status, Header: w.header.Clone(), ContentLength: -1, Request: r,
		Body: &body{Reader: read, close: func() { stop(); cancel(); _ = read.Close() }}}, nil
}

type body struct {
	io.Reader
	close func()
}

func (b *body) Close() error {
	b.close()
	return nil
}

// pipeWriter is the handler's http.ResponseWriter.
type pipeWriter struct {
	header  http.Header
	body    *io.PipeWriter
	once    sync.Once
	status  int
	aborted bool
	head    chan struct{} // closed when status or aborted is set
}

func (w *pipeWriter) Header() http.Header { return w.header }

func (w *pipeWriter) WriteHeader(status int) {
	w.once.Do(func() {
		w.status = status
		close(w.head)
	})
}

func (w *pipeWriter) abort() {
	w.once.Do(func() {
		w.aborted = true
		close(w.head)
	})
}

func (w *pipeWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}
