// Package backup stores end-to-end encrypted backups: rows in PostgreSQL say what exists, a Store holds the bytes.
//
//	Put ── reserve ──────── one statement reserves the declared size and writes a row "uploading" with a lease;
//	 │                      a refusal comes before the first byte of the body is read
//	 ├─── stream ────────── body → verifyingReader (size, SHA-256) → Store.Put, while keepLease renews the lease
//	 ├─── commit ────────── one statement: row → "committed", reserved bytes → committed bytes
//	 └─── discard ───────── after any failure: row → "aborting", reservation freed, object deleted
//
//	Delete ─ tombstone ──── row → "deleted", quota freed at once; the object stays until a sweep
//
//	Maintain
//	 ├─── Sweep ─────────── aborts uploads with an expired lease, removes the objects of aborted and deleted ones
//	 ├─── Prune ─────────── removes the rows of backups that were deleted 90 days ago
//	 ├─── Recount ───────── compares the quota counters with the rows and corrects them
//	 └─── RemoveOrphans ─── removes old objects that belong to no row, unless there are too many
//
// An upload counts for nothing until it is committed. The lease distinguishes a dead upload from a slow one by the
// database's clock, whatever those of the replicas say, and
// since an object is only removed after its row says so, no row ever claims an object that is missing.
//
// The package never holds a whole backup in memory, never interprets its bytes, and never commits bytes whose
// SHA-256 it has not verified.
package backup
