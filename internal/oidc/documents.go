package oidc

import (
	"context"
	"errors"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	maxDocuments = 256             // of each kind; those used last stay
	failureFor   = 5 * time.Second // how long a failure stands for the next attempts
)

// documents keeps what was fetched from URLs. Whoever wants the same at the same time waits for one fetch.
type documents[V any] struct {
	now   func() time.Time
	fetch func(ctx context.Context, url string) (V, error)

	mu   sync.Mutex
	kept *lru.Cache[string, *document[V]]
}

type document[V any] struct {
	turn chan struct{} // holds one element while somebody fetches or reads

	value   V
	fetched time.Time
	err     error
	failed  time.Time
}

func newDocuments[V any](now func() time.Time, fetch func(context.Context, string) (V, error)) *documents[V] {
	kept, err := lru.New[string, *document[V]](maxDocuments)
	if err != nil {
		panic(err) // only a size below 1 is an error
	}
	return &documents[V]{now: now, fetch: fetch, kept: kept}
}

// get returns the document at url, fetched within maxAge; 0 means anew. A failure is returned again for failureFor
// without a fetch, except where the document is wanted anew.
func (d *documents[V]) get(ctx context.Context, url string, maxAge time.Duration) (V, error) {
	var none V
	doc := d.at(url)
	select {
	case doc.turn <- struct{}{}:
		defer func() { <-doc.turn }()
	case <-ctx.Done():
		return none, ctx.Err()
	}
	now := d.now()
	switch {
	case !doc.fetched.IsZero() && now.Sub(doc.fetched) < maxAge:
		return doc.value, nil
	case doc.err != nil && maxAge > 0 && now.Sub(doc.failed) < failureFor:
		return none, doc.err
	}
	value, err := d.fetch(ctx, url)
	if err != nil {
		if !errors.Is(ctx.Err(), context.Canceled) {
			doc.err, doc.failed = err, d.now()
		}
		return none, err
	}
	doc.value, doc.fetched, doc.err = value, now, nil
	return value, nil
}

func (d *documents[V]) at(url string) *document[V] {
	d.mu.Lock()
	defer d.mu.Unlock()
	doc, ok := d.kept.Get(url)
	if !ok {
		doc = &document[V]{turn: make(chan struct{}, 1)}
		d.kept.Add(url, doc)
	}
	return doc
}
