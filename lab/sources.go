package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// source is one repository that the machine's apt is set up with.
type source struct {
	URI        string
	Suites     []string
	Components []string
	SignedBy   string
}

// parseOneLine reads sources.list: deb [options] uri suite component…
func parseOneLine(text string) []source {
	var out []source
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "deb")
		if !ok || rest == "" || !strings.ContainsAny(rest[:1], " \t") {
			continue
		}
		var options string
		rest = strings.TrimSpace(rest)
		if strings.HasPrefix(rest, "[") {
			options, rest, _ = strings.Cut(rest[1:], "]")
		}
		f := strings.Fields(rest)
		if len(f) < 2 {
			continue
		}
		out = append(out, source{URI: f[0], Suites: f[1:2], Components: f[2:], SignedBy: option(options, "signed-by")})
	}
	return out
}

func option(options, name string) string {
	for _, o := range strings.Fields(options) {
		if k, v, ok := strings.Cut(o, "="); ok && strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}

// parseDeb822 reads a .sources file: paragraphs of fields, one source for each
// URI in them.
func parseDeb822(text string) []source {
	var out []source
	for _, p := range paragraphs(text) {
		if !slices.Contains(strings.Fields(p["types"]), "deb") || strings.EqualFold(p["enabled"], "no") {
			continue
		}
		for _, uri := range strings.Fields(p["uris"]) {
			out = append(out, source{
				URI:        uri,
				Suites:     strings.Fields(p["suites"]),
				Components: strings.Fields(p["components"]),
				SignedBy:   strings.TrimSpace(p["signed-by"]),
			})
		}
	}
	return out
}

// paragraphs splits deb822 text; names are in lower case, a continued line
// starts with a blank.
func paragraphs(text string) []map[string]string {
	var out []map[string]string
	current, name := map[string]string{}, ""
	for _, line := range append(strings.Split(text, "\n"), "") {
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.TrimSpace(line) == "":
			if len(current) > 0 {
				out = append(out, current)
			}
			current, name = map[string]string{}, ""
		case line[0] == ' ' || line[0] == '\t':
			current[name] += "\n" + strings.TrimSpace(line)
		default:
			k, v, _ := strings.Cut(line, ":")
			name = strings.ToLower(strings.TrimSpace(k))
			current[name] = strings.TrimSpace(v)
		}
	}
	return out
}

// hostSources reads what the machine's apt is set up with.
func hostSources() []source {
	var out []source
	files, _ := filepath.Glob("/etc/apt/sources.list.d/*")
	for _, f := range append([]string{"/etc/apt/sources.list"}, files...) {
		text, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		switch filepath.Ext(f) {
		case ".list":
			out = append(out, parseOneLine(string(text))...)
		case ".sources":
			out = append(out, parseDeb822(string(text))...)
		}
	}
	return out
}

// debianMirror is the archive that every Debian package of the lab comes from:
// the one that this machine's own packages come from, with another suite.
func debianMirror() (string, error) {
	if m := os.Getenv("LULL_LAB_DEBIAN_MIRROR"); m != "" {
		return m, nil
	}
	release := osRelease()
	if release["ID"] == "debian" {
		if m := pickMirror(hostSources(), release["VERSION_CODENAME"]); m != "" {
			return m, nil
		}
	}
	return "", fmt.Errorf("no Debian archive found in this machine's apt sources: set LULL_LAB_DEBIAN_MIRROR to one's address")
}

// pickMirror chooses among sources of one name the one signed by Debian: other
// vendors name their suites after Debian's too.
func pickMirror(all []source, codename string) string {
	best, points := "", 0
	for _, s := range all {
		if !slices.Contains(s.Components, "main") {
			continue
		}
		p := 0
		if slices.ContainsFunc(s.Suites, func(suite string) bool { return isRelease(suite, codename) }) {
			p = 1
			if strings.Contains(s.SignedBy, "debian-archive") {
				p++
			}
			if strings.HasSuffix(strings.TrimRight(s.URI, "/"), "/debian") {
				p++
			}
		}
		if p > points {
			best, points = s.URI, p
		}
	}
	return best
}

func isRelease(suite, codename string) bool {
	switch suite {
	case "stable", "oldstable", "testing", "unstable", "sid":
		return true
	}
	return codename != "" && suite == codename
}

func osRelease() map[string]string {
	out := map[string]string{}
	b, _ := os.ReadFile("/etc/os-release")
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			out[k] = strings.Trim(v, `"'`)
		}
	}
	return out
}

// aptTransport is how the machine's apt reaches its archive (proxies,
// certificates), for tools that do not read its configuration themselves.
func aptTransport() []string {
	dump, err := exec.Command("apt-config", "dump").Output()
	if err != nil {
		return nil
	}
	return transportOptions(string(dump))
}

func transportOptions(dump string) []string {
	var out []string
	for line := range strings.Lines(dump) {
		line = strings.TrimSpace(line)
		key, value, _ := strings.Cut(line, " ")
		kind, ok := strings.CutPrefix(strings.ToLower(key), "acquire::http")
		if ok && value != `"";` && (strings.HasPrefix(kind, "::") || strings.HasPrefix(kind, "s::")) {
			out = append(out, line)
		}
	}
	return out
}
