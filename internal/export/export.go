// Package export writes everything that the service keeps of an account as one JSON document, for the account's owner.
//
//	Open: the account's own row ──► WriteTo: section by section, a page of rows at a time ──► the client
//
// It holds one page in memory, however much there is, and no transaction while the client reads. Rows that change
// meanwhile may be in it in either state. It leaves out what is secret even from the owner: hashes of passwords,
// tokens, keys and networks. What of an account is in no section is listed, with the reason, in the package's test.
package export

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// pageSize is how many rows are read at once.
const pageSize = 500

// Service reads accounts. It is safe for concurrent use.
type Service struct {
	db  *postgres.DB
	q   *db.Queries
	now func() time.Time
}

// New returns a Service. now nil means time.Now.
func New(pool *postgres.DB, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{db: pool, q: db.New(), now: now}
}

// Document is one account's export.
type Document struct {
	service *Service
	userID  uuid.UUID
	account []byte
}

// Open returns the account's document, or not_found for an account that is deleted, or db_unavailable.
func (s *Service) Open(ctx context.Context, userID uuid.UUID) (*Document, error) {
	account, err := s.q.ExportUser(ctx, s.db.Pool, userID)
	if err != nil {
		return nil, postgres.NotFoundAs(err, fault.ErrNotFound)
	}
	return &Document{service: s, userID: userID, account: account}, nil
}

// page is some rows of a section, as JSON. An empty one is the last.
type page [][]byte

// section is a list of the document. next returns its next page.
type section struct {
	name string
	next func(ctx context.Context) (page, error)
}

// WriteTo writes the document. When it returns an error, what was written is no valid JSON.
func (d *Document) WriteTo(ctx context.Context, w io.Writer) error {
	at, err := json.Marshal(d.service.now().UnixMilli())
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, `{"exported_at":%s,"account":%s`, at, d.account); err != nil {
		return err
	}
	for _, s := range d.sections() {
		if err := s.write(ctx, w); err != nil {
			return fmt.Errorf("export %s: %w", s.name, err)
		}
	}
	_, err = io.WriteString(w, "}")
	return err
}

func (s section) write(ctx context.Context, w io.Writer) error {
	if _, err := fmt.Fprintf(w, ",%q:[", s.name); err != nil {
		return err
	}
	separator := ""
	for {
		rows, err := s.next(ctx)
		if err != nil {
			return postgres.Translate(err)
		}
		if len(rows) == 0 {
			_, err := io.WriteString(w, "]")
			return err
		}
		for _, row := range rows {
			if _, err := fmt.Fprintf(w, "%s%s", separator, row); err != nil {
				return err
			}
			separator = ","
		}
	}
}
