//go:build !clockfile

package main

import "time"

// clock returns the service's clock; nil is the machine's.
func clock(func(string) string) func() time.Time { return nil }
