//go:build !unix

package http1

// quiet is not known here: whether the server has closed the connection shows when it is used.
func (c *conn) quiet() bool { return true }
