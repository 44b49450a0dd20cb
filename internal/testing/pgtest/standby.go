package pgtest

import (
	"os"
	"path/filepath"
	"syscall"
)

// BecomeStandby restarts the server as a hot standby without a primary: it answers reads and refuses writes with
// SQLSTATE 25006, until somebody calls pg_promote.
func (s *Server) BecomeStandby() {
	s.t.Helper()
	s.Stop()
	signal := filepath.Join(s.dir, "data", "standby.signal")
	if err := os.WriteFile(signal, nil, 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.Own(signal)
	s.Start()
}

// Own gives the file or folder to the user whom the server runs as.
func (s *Server) Own(path string) {
	s.t.Helper()
	info, err := os.Stat(filepath.Join(s.dir, "data"))
	if err != nil {
		s.t.Fatal(err)
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
			s.t.Fatal(err)
		}
	}
}
