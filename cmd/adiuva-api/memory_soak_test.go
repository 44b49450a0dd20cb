//go:build soak

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/dev/diskblob"
	"github.com/adiuva/cloud-api/internal/testing/s3test"
)

const (
	mib    = 1 << 20
	growth = 32 * mib // allowed for one upload or download
)

// TestSoakTransferMemoryIsBounded uploads and downloads backups of 256 MiB, 4 GiB and 6 GiB, which is more than S3
// takes in one request. Each comes back unchanged, and the process's peak memory stays within 32 MiB of the peak for
// a small backup.
func TestSoakTransferMemoryIsBounded(t *testing.T) {
	t.Attr("case", "C105")
	for _, name := range []string{"disk", "S3"} {
		t.Run(name, func(t *testing.T) {
			var store backup.Store
			var vars map[string]string
			if name == "S3" {
				_, store, vars = bucketVariables(t, s3test.Start(t))
			} else {
				dir := dataDir(t)
				disk, err := diskblob.New(filepath.Join(dir, "blobs"))
				if err != nil {
					t.Fatal(err)
				}
				store, vars = disk, map[string]string{"ADIUVA_DATA_DIR": dir}
			}
			s := newHarness(t, store, vars)
			t.Cleanup(func() {
				if t.Failed() {
					t.Log(warnings(s.live.out.String()))
				}
			})
			peak := func(size int64) int64 {
				l := newLargeBlob(size)
				s.resetPeakMemory()
				put := s.putLarge(l)
				sum := sha256.New()
				get := s.getLarge(sum)
				if got := hex.EncodeToString(sum.Sum(nil)); got != l.checksum {
					t.Errorf("%d MiB came back as %s, want %s", size/mib, got, l.checksum)
				}
				at := s.peakMemory()
				t.Logf("%d MiB: PUT %v, GET %v, peak %d MiB", size/mib, put, get, at/mib)
				s.deleteBackups()
				return at
			}
			base := peak(mib)
			for _, size := range []int64{256 * mib, 4096 * mib, 6144 * mib} {
				if grown := peak(size) - base; grown > growth {
					t.Errorf("%d MiB needed %d MiB more than 1 MiB", size/mib, grown/mib)
				}
			}
		})
	}
}

// resetPeakMemory resets the kernel's record of the peak.
func (s *harness) resetPeakMemory() {
	s.t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.live.cmd.Process.Pid), []byte("5"), 0); err != nil {
		s.t.Skipf("the peak memory of a process is measured on Linux alone: %v", err)
	}
}

// peakMemory returns the largest resident set of serve, in bytes.
func (s *harness) peakMemory() int64 {
	s.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.live.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		s.t.Fatalf("no peak in %s", status)
	}
	kb, err := strconv.ParseInt(string(found[1]), 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return kb << 10
}

// warnings returns the lines of a log above level INFO.
func warnings(log string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(log, "\n"),
		func(line string) bool { return strings.Contains(line, `"INFO"`) }), "\n")
}
