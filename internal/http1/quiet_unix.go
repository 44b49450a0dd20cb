//go:build unix

package http1

import (
	"errors"
	"syscall"
)

// quiet reports whether the connection is open and nothing has arrived on it.
func (c *conn) quiet() bool {
	if c.raw == nil {
		return true
	}
	quiet := false
	err := c.raw.Read(func(socket uintptr) bool {
		var one [1]byte
		for {
			_, err := syscall.Read(int(socket), one[:]) // sockets do not block
			if errors.Is(err, syscall.EINTR) {
				continue
			}
			quiet = errors.Is(err, syscall.EAGAIN)
			return true
		}
	})
	return err == nil && quiet
}
