package audit

import (
	"net/netip"
	"strings"

	"github.com/adiuva/cloud-api/internal/network"
)

// maxAgent is how many bytes of a User-Agent are looked at.
const maxAgent = 512

// mark is a word of a User-Agent and the name that it stands for.
type mark struct{ word, name string }

// programs returns the programs that are told apart. A browser names those whose pages it can show as well, so the
// first match counts.
func programs() []mark {
	return []mark{
		{"adiuva", "Adiuva app"}, {"electron/", "Electron"}, {"edg/", "Edge"}, {"opr/", "Opera"},
		{"firefox/", "Firefox"}, {"fxios/", "Firefox"}, {"chrome/", "Chrome"}, {"crios/", "Chrome"},
		{"safari/", "Safari"}, {"curl/", "curl"}, {"go-http-client", "Go"}, {"python", "Python"}, {"aiohttp", "Python"},
		{"node", "Node.js"}, {"undici", "Node.js"}, {"axios", "Node.js"}, {"okhttp", "Java"}, {"java/", "Java"},
		{"postmanruntime", "Postman"},
	}
}

// systems returns the systems that are told apart. Android also says Linux, iOS also says Mac OS X.
func systems() []mark {
	return []mark{
		{"windows", "Windows"}, {"iphone", "iOS"}, {"ipad", "iOS"}, {"android", "Android"}, {"x11; cros", "ChromeOS"},
		{"macintosh", "macOS"}, {"mac os x", "macOS"}, {"darwin", "macOS"}, {"linux", "Linux"},
	}
}

// Device returns the kind of program and system that a User-Agent names, such as "Firefox on Windows", "curl", or ""
// where it names none that is known. Nothing else of what the client wrote is in it.
func Device(userAgent string) string {
	agent := strings.ToLower(userAgent[:min(len(userAgent), maxAgent)])
	program, system := first(programs(), agent), first(systems(), agent)
	switch {
	case system == "":
		return program
	case program == "":
		return system
	}
	return program + " on " + system
}

func first(marks []mark, agent string) string {
	for _, m := range marks {
		if strings.Contains(agent, m.word) {
			return m.name
		}
	}
	return ""
}

// Network returns the /24 of an IPv4 address or the /48 of an IPv6 address, or "" for an address that is not valid.
func Network(addr netip.Addr) string {
	own := network.Of(addr)
	if !own.IsValid() {
		return ""
	}
	bits := 24
	if own.Addr().Is6() {
		bits = 48
	}
	coarse, err := own.Addr().Prefix(bits)
	if err != nil {
		return ""
	}
	return coarse.String()
}
