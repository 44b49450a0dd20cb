//go:build !unix

package listener

import "net"

func hasUnread(net.Conn) bool { return false }
