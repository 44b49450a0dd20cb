package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
)

const (
	hashBlock  = 64 << 10 // bytes handed over at a time
	hashBlocks = 4        // in memory for one upload
)

// hasher computes a SHA-256 on a goroutine of its own, so that a store writes a block while the one before is hashed: in
// turns, the two cost an upload a third of its rate. What fits into one block is hashed in place. It must be ended by sum
// or stop.
type hasher struct {
	sha     hash.Hash
	block   []byte // being filled
	full    chan []byte
	empty   chan []byte
	done    chan struct{}
	started bool
}

func newHasher(size int64) *hasher {
	return &hasher{sha: sha256.New(), block: make([]byte, 0, min(max(size, 1), hashBlock))}
}

// write takes a copy of p.
func (h *hasher) write(p []byte) {
	for len(p) > 0 {
		if len(h.block) == cap(h.block) {
			h.hand()
		}
		n := copy(h.block[len(h.block):cap(h.block)], p)
		h.block, p = h.block[:len(h.block)+n], p[n:]
	}
}

// hand gives the full block away and takes an empty one.
func (h *hasher) hand() {
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

// sum returns the checksum of all that was written, in lower-case hexadecimal digits.
func (h *hasher) sum() string {
	h.stop()
	h.sha.Write(h.block)
	return hex.EncodeToString(h.sha.Sum(nil))
}

// stop ends the goroutine and waits for it. Repeating it is fine.
func (h *hasher) stop() {
	if h.started {
		h.started = false
		close(h.full)
		<-h.done
	}
}
