package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"

	"github.com/adiuva/cloud-api/internal/fault"
)

// verifyingReader counts and hashes a body while a store reads it. It returns io.EOF only when size and checksum are
// right, so a store that completes an object at io.EOF never completes a wrong one. The caller must close it.
type verifyingReader struct {
	body     io.Reader
	want     Upload
	hash     *hasher
	received int64
	verified bool
	err      error // why reading failed; nil at a verified end
}

func newVerifyingReader(body io.Reader, want Upload) *verifyingReader {
	return &verifyingReader{body: body, want: want, hash: newHasher(want.Size)}
}

func (r *verifyingReader) close() { r.hash.stop() }

// Read returns ErrSizeMismatch or ErrChecksum for a body that is not the declared one. Faults of the body come back
// unchanged; its other errors, such as a broken connection, are wrapped in ErrSizeMismatch.
func (r *verifyingReader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	if r.verified {
		return 0, io.EOF
	}
	n, err := r.body.Read(p)
	r.received += int64(n)
	r.hash.write(p[:n])
	switch {
	case r.received > r.want.Size:
		r.err = ErrSizeMismatch
	case errors.Is(err, io.EOF):
		r.err = r.verify()
		r.verified = r.err == nil
	case err != nil:
		r.err = err
		if known := (*fault.Error)(nil); !errors.As(err, &known) {
			r.err = ErrSizeMismatch.WithCause(err)
		}
	}
	switch {
	case r.err != nil:
		return 0, r.err // without the last bytes, so that no store can use them
	case r.verified:
		return n, io.EOF
	}
	return n, nil
}

func (r *verifyingReader) verify() error {
	if r.received != r.want.Size {
		return ErrSizeMismatch
	}
	if r.hash.sum() != r.want.Checksum {
		return ErrChecksum
	}
	return nil
}

const (
	hashBlock  = 64 << 10 // bytes per block
	hashBlocks = 4        // blocks in memory for one upload
)

// hasher computes a SHA-256 in its own goroutine, so that a store writes one block while the previous one is
// hashed: alternating between the two would cost an upload a third of its rate. Input that fits into one block is
// hashed without a goroutine. The caller must end it with sum or stop.
type hasher struct {
	sha     hash.Hash
	block   []byte      // being filled
	full    chan []byte // to be hashed
	empty   chan []byte // to be filled
	done    chan struct{}
	started bool
}

func newHasher(size int64) *hasher {
	return &hasher{sha: sha256.New(), block: make([]byte, 0, min(max(size, 1), hashBlock))}
}

// write copies p.
func (h *hasher) write(p []byte) {
	for len(p) > 0 {
		if len(h.block) == cap(h.block) {
			h.swapBlock()
		}
		n := copy(h.block[len(h.block):cap(h.block)], p)
		h.block, p = h.block[:len(h.block)+n], p[n:]
	}
}

// swapBlock passes the full block to the goroutine, which it starts at the first call, and takes an empty one.
func (h *hasher) swapBlock() {
	if !h.started {
		h.started = true
		h.full, h.empty, h.done = make(chan []byte, hashBlocks), make(chan []byte, hashBlocks), make(chan struct{})
		for range hashBlocks - 1 {
			h.empty <- make([]byte, 0, hashBlock)
		}
		go h.run()
	}
	h.full <- h.block
	h.block = <-h.empty
}

func (h *hasher) run() {
	defer close(h.done)
	for block := range h.full {
		h.sha.Write(block)
		h.empty <- block[:0]
	}
}

// sum ends the hasher and returns the checksum of everything written, in lower-case hexadecimal digits.
func (h *hasher) sum() string {
	h.stop()
	h.sha.Write(h.block)
	return hex.EncodeToString(h.sha.Sum(nil))
}

// stop ends the goroutine and waits for it. It may be called more than once.
func (h *hasher) stop() {
	if h.started {
		h.started = false
		close(h.full)
		<-h.done
	}
}
