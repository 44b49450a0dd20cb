package llm

import (
	"errors"
	"io"
	"sync"
)

// requestBody is the body of one request, with its memory. That is used again as soon as the request was sent: it is
// larger than all else that a call holds, and an answer may stream for minutes.
type requestBody struct {
	pool *bodyPool
	text []byte

	mu       sync.Mutex
	readers  int // that are open
	released bool
}

var errReleased = errors.New("the request was made already")

// open returns a reader of the body, until release.
func (r *requestBody) open() (io.ReadCloser, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.released {
		return nil, errReleased
	}
	r.readers++
	return &bodyReader{body: r, unread: r.text}, nil
}

// release ends the use of the body but for its open readers. It may be called several times.
func (r *requestBody) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.released {
		r.released = true
		r.recycle()
	}
}

func (r *requestBody) closed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.readers--
	r.recycle()
}

// recycle gives the memory back when nobody needs it any more. The caller holds the lock.
func (r *requestBody) recycle() {
	if r.released && r.readers == 0 {
		r.pool.put(r.text)
		r.text = nil
	}
}

// bodyReader reads a requestBody. Transports may close it during a read.
type bodyReader struct {
	mu     sync.Mutex
	body   *requestBody // nil once it is closed
	unread []byte
}

// Read implements io.Reader.
func (r *bodyReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.unread) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.unread)
	r.unread = r.unread[n:]
	return n, nil
}

// Close implements io.Closer.
func (r *bodyReader) Close() error {
	r.mu.Lock()
	body := r.body
	r.body, r.unread = nil, nil
	r.mu.Unlock()
	if body != nil {
		body.closed()
	}
	return nil
}

// maxPooledBody bounds the memory of a body that is used again: a long conversation needs much more than others.
const maxPooledBody = 128 << 10

// bodyPool has memory for requests.
type bodyPool struct{ pool sync.Pool }

func (p *bodyPool) get() *requestBody {
	text, _ := p.pool.Get().(*[]byte)
	if text == nil {
		text = new([]byte)
	}
	return &requestBody{pool: p, text: (*text)[:0]}
}

func (p *bodyPool) put(text []byte) {
	if cap(text) <= maxPooledBody {
		p.pool.Put(&text)
	}
}
