package playbook

import (
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"
)

// CacheSize is the number of plan shapes that a Cache keeps.
const CacheSize = 1000

// Key identifies a plan shape in a Cache. It has names of the server only, never text of a user.
type Key struct {
	Agent, Outline, Table string
}

// Cache is an LRU cache of plan shapes: steps without values of any user. Put and Get copy, so that values filled in
// for one user cannot reach another. It is safe for concurrent use.
type Cache struct {
	shapes *lru.Cache[Key, Plan]
}

// NewCache returns an empty cache.
func NewCache() *Cache {
	shapes, _ := lru.New[Key, Plan](CacheSize) // fails only for a size below one
	return &Cache{shapes: shapes}
}

// Put adds the shape. It refuses a plan that has variables, filters, or data other than placeholders, because these
// could be values of a user.
func (c *Cache) Put(key Key, shape Plan) error {
	for i, s := range shape.Steps {
		if len(s.Variables) > 0 || len(s.Filter) > 0 {
			return fmt.Errorf("step %d of a cached shape carries values", i)
		}
		for name, v := range s.Data {
			text, isText := v.(string)
			if !isText || placeholder.ReplaceAllString(text, "") != "" {
				return fmt.Errorf("step %d of a cached shape carries a value in %s", i, name)
			}
		}
	}
	c.shapes.Add(key, shape.Clone())
	return nil
}

// Get returns a copy of the shape, or false when there is none.
func (c *Cache) Get(key Key) (Plan, bool) {
	shape, ok := c.shapes.Get(key)
	if !ok {
		return Plan{}, false
	}
	return shape.Clone(), true
}

// Len returns the number of shapes in the cache.
func (c *Cache) Len() int { return c.shapes.Len() }
