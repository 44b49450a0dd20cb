//go:build unix

package listener

import (
	"io"
	"net"
	"testing"
	"time"
)

func TestUnreadBytesAreSeenAndStay(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	if hasUnread(server) {
		t.Error("nothing was sent, and there is something to read")
	}
	if _, err := io.WriteString(client, "GET"); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); !hasUnread(server); {
		if time.Now().After(deadline) {
			t.Fatal("what was sent is not seen")
		}
	}
	text := make([]byte, 3)
	if _, err := io.ReadFull(server, text); err != nil || string(text) != "GET" {
		t.Errorf("%q, %v", text, err)
	}
	if hasUnread(server) {
		t.Error("all was read, and there is something to read")
	}
}
