package main

import (
	"fmt"
	"io"

	"github.com/adiuva/cloud-api/internal/config"
)

// banner is what serve prints at the start: URLs, embedded defaults in use, and commands to try.
type banner struct {
	out      io.Writer
	base     string
	embedded []config.Embedded
	mailbox  string // the page of the mailbox; "" without one
}

func (b banner) print() {
	base := b.base
	p := func(format string, args ...any) { fmt.Fprintf(b.out, format+"\n", args...) }
	p("\nAdiuva Cloud API %s is up.\n", version)
	p("  API      %s/api/v1", base)
	p("  Docs     %s/docs", base)
	p("  Health   %s/api/v1/health", base)
	if b.mailbox != "" {
		p("  Mailbox  %s", b.mailbox)
	}
	if len(b.embedded) > 0 {
		p("\nEmbedded defaults in use (development only):")
		for _, e := range b.embedded {
			p("  %-24s %s", e.Variable, e.Instead)
		}
	}
	p("\nTry it:")
	p(`  TOKEN=$(curl -s %s/api/v1/auth/register -H 'Content-Type: application/json' \`, base)
	p(`    -d '{"email":"you@example.com","password":"correct horse battery"}' ` +
		`| sed 's/.*"access_token":"\([^"]*\)".*/\1/')`)
	p(`  curl -s %s/api/v1/chat -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \`, base)
	p(`    -d '{"message":"create a task \"Call Anna\" for tomorrow, high priority"}'`)
	p("")
}
