package dates

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // time zones must load whatever the machine has installed
)

//go:embed windows_zones.txt
var windowsZonesFile string

// windowsZones has the IANA name of each Windows zone, by the Windows name in lower case.
var windowsZones = parseWindowsZones(windowsZonesFile)

func parseWindowsZones(file string) map[string]string {
	zones := map[string]string{}
	for line := range strings.Lines(file) {
		if windows, iana, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			zones[strings.ToLower(windows)] = iana
		}
	}
	return zones
}

// outlookPrefix is what Outlook writes before the name of some zones, such as tzone://Microsoft/Utc.
const outlookPrefix = "tzone://microsoft/"

// ZoneName returns the IANA name of a time zone. Outlook and Microsoft Graph name zones as Windows does, "W. Europe
// Standard Time", in any case; every other name is returned as it is.
func ZoneName(name string) string {
	lower := strings.TrimPrefix(strings.ToLower(name), outlookPrefix)
	if lower == "utc" {
		return "UTC"
	}
	if iana, ok := windowsZones[lower]; ok {
		return iana
	}
	return name
}

// maxZoneName is the length of the longest name that LoadZone looks up, in bytes.
const maxZoneName = 64

// LoadZone returns the time zone of an IANA or Windows name. It fails for an empty name and for "Local", which is the
// server's own zone for Go.
func LoadZone(name string) (*time.Location, error) {
	name = ZoneName(name)
	// System databases have copies of all zones with leap seconds (right/) and without (posix).
	if name == "" || name == "Local" || len(name) > maxZoneName || strings.HasPrefix(name, "right/") ||
		strings.HasPrefix(name, "posix") {
		return nil, errors.New("time zone name is not usable")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("load time zone: %w", err)
	}
	return zone, nil
}
