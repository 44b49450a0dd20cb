package backup

import (
	"errors"
	"io"

	"github.com/adiuva/cloud-api/internal/fault"
)

// meter counts and hashes a body on its way into the store. It says io.EOF only when size and checksum are right, so
// that a store which completes an object at io.EOF never completes a wrong one. It must be closed.
type meter struct {
	body     io.Reader
	want     Upload
	hash     *hasher
	count    int64
	verified bool
	failed   error // what ended the body, other than its end
}

func newMeter(body io.Reader, want Upload) *meter {
	return &meter{body: body, want: want, hash: newHasher(want.Size)}
}

// close ends what the meter started.
func (m *meter) close() { m.hash.stop() }

// Read passes bytes on. Its errors are faults.
func (m *meter) Read(p []byte) (int, error) {
	if m.failed != nil {
		return 0, m.failed
	}
	if m.verified {
		return 0, io.EOF
	}
	n, err := m.body.Read(p)
	m.count += int64(n)
	m.hash.write(p[:n])
	switch {
	case m.count > m.want.Size:
		m.failed = ErrSize
	case errors.Is(err, io.EOF):
		m.failed = m.verify()
		m.verified = m.failed == nil
	case err != nil:
		m.failed = err
		if known := (*fault.Error)(nil); !errors.As(err, &known) {
			m.failed = ErrSize.WithCause(err)
		}
	}
	switch {
	case m.failed != nil:
		return 0, m.failed // the last bytes too are worth nothing now
	case m.verified:
		return n, io.EOF
	}
	return n, nil
}

func (m *meter) verify() error {
	if m.count != m.want.Size {
		return ErrSize
	}
	if m.hash.sum() != m.want.Checksum {
		return ErrChecksum
	}
	return nil
}
