package playbook

import (
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"
)

// CacheSize is how many plan shapes a Cache keeps.
const CacheSize = 1000

// Key names a plan shape in a Cache. It is made of the server's own names and never of what a user wrote.
type Key struct {
	Agent, Outline, Table string
}

// Cache keeps the least recently used of CacheSize plan shapes: steps without any value of a user. What goes in and what
// comes out are copies, so that filling in one user's values never shows them to another. It is safe for concurrent use.
type Cache struct {
	shapes *lru.Cache[Key, Plan]
}

// NewCache returns an empty cache.
func NewCache() *Cache {
	shapes, _ := lru.New[Key, Plan](CacheSize) // fails for a size below one only
	return &Cache{shapes: shapes}
}

// Put keeps the shape. It refuses a plan that carries variables, filters or data with text other than placeholders,
// because those could be a user's.
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

// Get returns a copy of the shape, and whether there was one.
func (c *Cache) Get(key Key) (Plan, bool) {
	shape, ok := c.shapes.Get(key)
	if !ok {
		return Plan{}, false
	}
	return shape.Clone(), true
}

// Len returns how many shapes are kept.
func (c *Cache) Len() int { return c.shapes.Len() }
