//go:build unix

package bench_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

const appQuestion = `{"message":"Which invoices are late?","client_tools":[{"name":"query_rows",` +
	`"description":"Reads rows of a table.","parameters":{"type":"object",` +
	`"properties":{"table":{"type":"string"}},"required":["table"]}}]}`

// BenchmarkWaitingForTheApp measures the memory of a socket of version 2 on which a tool of the app is waited for,
// beside that of one on which nothing was asked yet.
func BenchmarkWaitingForTheApp(b *testing.B) {
	up := startModel(b)
	ours := startGateway(b, "ours", up.URL+"/calling")
	idle := ours.usage(b, true).Memory
	openAll(b, ours, true)() // warm
	memory := map[bool]int64{}
	for b.Loop() {
		for _, waiting := range []bool{false, true} {
			closeAll := openAll(b, ours, waiting)
			memory[waiting] += ours.usage(b, true).Memory - idle
			closeAll()
		}
	}
	each := func(waiting bool) float64 { return float64(memory[waiting]) / float64(b.N*streamCount) / 1024 }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(each(false), "open-KB/stream")
	b.ReportMetric(each(true), "waiting-KB/stream")
}

// openAll opens the sockets, and asks on each and reads to the call of the app if it is told to. The function that it
// returns closes them.
func openAll(b *testing.B, g *gateway, asks bool) (closeAll func()) {
	b.Helper()
	address := "ws" + strings.TrimPrefix(g.URL, "http") + apitest.StreamPath + "?v=2"
	var conns []*websocket.Conn
	for i := range streamCount {
		conn, resp, err := websocket.DefaultDialer.Dial(address,
			http.Header{"Authorization": {"Bearer " + g.Tokens[i%len(g.Tokens)]}})
		check(b, err)
		check(b, resp.Body.Close())
		conns = append(conns, conn)
		if !asks {
			continue
		}
		check(b, conn.WriteMessage(websocket.TextMessage, []byte(appQuestion)))
		for {
			_, text, err := conn.ReadMessage()
			check(b, err)
			if bytes.Contains(text, []byte(`"type":"tool_call"`)) {
				break
			}
			if bytes.Contains(text, []byte(`"type":"done"`)) || bytes.Contains(text, []byte(`"type":"error"`)) {
				b.Fatalf("%s", text)
			}
		}
	}
	return func() {
		for _, conn := range conns {
			check(b, conn.Close())
		}
	}
}
