//go:build unix && !linux

package bench_test

import "testing"

// startNginx returns nil, because the usage of nginx is read from /proc.
func startNginx(b *testing.B, _ string) *gateway {
	b.Log("nginx is compared on Linux only")
	return nil
}

func usageOf(*testing.B, int) usage { return usage{} }
