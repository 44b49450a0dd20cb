// Package dnstest is a name server for tests: on this machine, over UDP, with the records a test sets.
package dnstest

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// Server answers what Set and SetTXT were given last, and that every other name does not exist.
type Server struct {
	conn net.PacketConn

	mu      sync.Mutex
	records map[string][]dnsmessage.ResourceBody // by name, in lower case with a final dot
	broken  bool
	asked   int
}

// New starts a Server, which ends with the test.
func New(t testing.TB) *Server {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{conn: conn, records: map[string][]dnsmessage.ResourceBody{}}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.serve()
	}()
	t.Cleanup(func() {
		conn.Close()
		<-ended
	})
	return s
}

// Resolver returns a resolver that asks the server alone.
func (s *Server) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp4", s.conn.LocalAddr().String())
	}}
}

// Set makes a name have the addresses, and nothing else.
func (s *Server) Set(name string, addresses ...string) {
	var records []dnsmessage.ResourceBody
	for _, address := range addresses {
		if addr := netip.MustParseAddr(address); addr.Is4() {
			records = append(records, &dnsmessage.AResource{A: addr.As4()})
		} else {
			records = append(records, &dnsmessage.AAAAResource{AAAA: addr.As16()})
		}
	}
	s.set(name, records)
}

// SetTXT makes a name have the texts, and nothing else. A text of more than 255 bytes is split, as name servers do.
func (s *Server) SetTXT(name string, texts ...string) {
	var records []dnsmessage.ResourceBody
	for _, text := range texts {
		record := &dnsmessage.TXTResource{}
		for len(text) > 255 {
			record.TXT, text = append(record.TXT, text[:255]), text[255:]
		}
		record.TXT = append(record.TXT, text)
		records = append(records, record)
	}
	s.set(name, records)
}

// Break makes the server answer that it failed, until it is called with false.
func (s *Server) Break(broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = broken
}

// Asked returns how many questions came.
func (s *Server) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func (s *Server) set(name string, records []dnsmessage.ResourceBody) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[strings.ToLower(name)+"."] = records
}

func (s *Server) serve() {
	for packet := make([]byte, 4096); ; {
		n, from, err := s.conn.ReadFrom(packet)
		if err != nil {
			return // closed
		}
		var message dnsmessage.Message
		if message.Unpack(packet[:n]) != nil || len(message.Questions) != 1 {
			continue
		}
		if answer, err := s.answer(message.ID, message.Questions[0]); err == nil {
			_, _ = s.conn.WriteTo(answer, from)
		}
	}
}

func (s *Server) answer(id uint16, question dnsmessage.Question) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	answer := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: id, Response: true, Authoritative: true, RecursionAvailable: true},
		Questions: []dnsmessage.Question{question},
	}
	records, ok := s.records[strings.ToLower(question.Name.String())]
	switch {
	case s.broken:
		answer.RCode = dnsmessage.RCodeServerFailure
	case !ok:
		answer.RCode = dnsmessage.RCodeNameError
	}
	for _, body := range records {
		if kind := kindOf(body); kind == question.Type && !s.broken {
			header := dnsmessage.ResourceHeader{Name: question.Name, Type: kind, Class: dnsmessage.ClassINET}
			answer.Answers = append(answer.Answers, dnsmessage.Resource{Header: header, Body: body})
		}
	}
	return answer.Pack()
}

func kindOf(body dnsmessage.ResourceBody) dnsmessage.Type {
	switch body.(type) {
	case *dnsmessage.AResource:
		return dnsmessage.TypeA
	case *dnsmessage.AAAAResource:
		return dnsmessage.TypeAAAA
	}
	return dnsmessage.TypeTXT
}
