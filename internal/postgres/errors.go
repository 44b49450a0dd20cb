package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/adiuva/cloud-api/internal/fault"
)

// NotFoundAs returns missing when err is pgx.ErrNoRows, otherwise Translate(err).
func NotFoundAs(err error, missing *fault.Error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return missing
	}
	return Translate(err)
}

// UniqueViolation reports whether err says that a row with that key exists already, and returns the violated
// constraint or unique index.
func UniqueViolation(err error) (constraint string, ok bool) {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" {
		return pg.ConstraintName, true
	}
	return "", false
}

// MissingReference reports whether err says that the row that another refers to is gone.
func MissingReference(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23503"
}

// Translate translates an error of the driver. A server that is unreachable, restarting, hung, full, read-only or too
// busy is fault.ErrDatabase; text that PostgreSQL cannot store (with a NUL) is fault.ErrValidation; a cancelled call is
// context.Canceled. Any other error of the driver gets a text with SQLSTATE, table and constraint but no values, and
// wraps its cause. Errors that are not the driver's, such as those that a function given to Tx returns, and
// pgx.ErrNoRows are returned unchanged. Translate(nil) is nil.
func Translate(err error) error {
	var known *fault.Error
	var safe *safeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known), errors.As(err, &safe), errors.Is(err, pgx.ErrNoRows):
		return err
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return fault.ErrDatabase.WithCause(&safeError{text: "no answer in time", cause: err})
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		return fault.ErrDatabase.WithCause(&safeError{text: "cannot connect: " + reason(err), cause: err})
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return translateState(pg)
	}
	if connectionLost(err) {
		return fault.ErrDatabase.WithCause(&safeError{text: "connection lost: " + reason(err), cause: err})
	}
	if garbled(err) {
		return fault.ErrDatabase.WithCause(&safeError{text: "the answer cannot be read", cause: err})
	}
	if errors.Is(err, pgx.ErrTxCommitRollback) || quotesValues(err) {
		return &safeError{text: reason(err), cause: err}
	}
	return err
}

// quotesValues reports whether err says that an argument or a result could not be converted. Such a text quotes the
// value.
func quotesValues(err error) bool {
	var scan pgx.ScanArgError
	if errors.As(err, &scan) {
		return true
	}
	for _, text := range []string{
		"failed to encode args", "unable to encode", "cannot find encode plan", "cannot scan", "can't scan",
		"number of field descriptions", "mismatched param",
	} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

func translateState(pg *pgconn.PgError) error {
	safe := &safeError{text: pgErrorText(pg), cause: pg}
	switch pg.Code {
	case "22021":
		return fault.ErrValidation.WithCause(safe)
	case "25006", // read-only: a standby, or a server during failover
		"25P03",          // idle in transaction for too long
		"40001", "40P01", // serialization failure, deadlock: everything was rolled back
		"55P03",                   // lock_timeout
		"57014",                   // statement_timeout
		"57P01", "57P02", "57P03": // shutting down, crashed, starting up
		return fault.ErrDatabase.WithCause(safe)
	}
	if strings.HasPrefix(pg.Code, "08") || strings.HasPrefix(pg.Code, "53") {
		return fault.ErrDatabase.WithCause(safe)
	}
	return safe
}

// connectionLost reports whether err means that the connection ended during a statement.
func connectionLost(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) ||
		strings.Contains(err.Error(), "conn closed") || strings.Contains(err.Error(), "closed pool")
}

// garbled reports whether the server, or what is in its place, sent something that is not PostgreSQL's protocol. The
// driver closes such a connection.
func garbled(err error) bool {
	for _, text := range []string{"unknown message type", "invalid message length", "body must have length",
		"body is invalid"} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

// reason describes err without any part of the dsn.
func reason(err error) string {
	var pg *pgconn.PgError
	var errno syscall.Errno
	var network net.Error
	var dns *net.DNSError
	switch {
	case errors.As(err, &pg):
		return pgErrorText(pg)
	case errors.As(err, &errno):
		return errno.Error()
	case errors.As(err, &dns):
		return "the host name cannot be resolved"
	case errors.As(err, &network) && network.Timeout():
		return "timeout"
	case errors.Is(err, pgx.ErrTxCommitRollback):
		return "the transaction had failed before its commit and was rolled back"
	case connectionLost(err):
		return "closed"
	}
	return "driver error"
}

func pgErrorText(pg *pgconn.PgError) string {
	text := "SQLSTATE " + pg.Code
	if pg.TableName != "" {
		text += " on " + pg.TableName
	}
	if pg.ConstraintName != "" {
		text += " (" + pg.ConstraintName + ")"
	}
	return text
}

// safeError has a text that is fit for a log; that of its cause is not.
type safeError struct {
	text  string
	cause error
}

func (e *safeError) Error() string { return "postgres: " + e.text }

func (e *safeError) Unwrap() error { return e.cause }
