package lab

import (
	"reflect"
	"testing"
)

func TestParseOneLine(t *testing.T) {
	got := parseOneLine(`# a comment
deb http://mirror.example/debian bookworm main contrib # and why
deb-src http://mirror.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://other.example/debian trixie main
deb broken
`)
	want := []source{
		{URI: "http://mirror.example/debian", Suites: []string{"bookworm"}, Components: []string{"main", "contrib"}},
		{URI: "http://other.example/debian", Suites: []string{"trixie"}, Components: []string{"main"}, SignedBy: "/usr/share/keyrings/debian-archive-keyring.gpg"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestParseDeb822(t *testing.T) {
	got := parseDeb822(`# the archive
Types: deb deb-src
URIs: http://mirror.example/debian
 http://second.example/debian
Suites: trixie trixie-updates
# in between
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://off.example/debian
Suites: trixie
Components: main
Enabled: no


Types: deb-src
URIs: http://src.example/debian
Suites: trixie
Components: main
`)
	base := source{Suites: []string{"trixie", "trixie-updates"}, Components: []string{"main"}, SignedBy: "/usr/share/keyrings/debian-archive-keyring.gpg"}
	first, second := base, base
	first.URI, second.URI = "http://mirror.example/debian", "http://second.example/debian"
	if want := []source{first, second}; !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestPickMirror(t *testing.T) {
	one := func(uri, suite, component, signed string) source {
		return source{URI: uri, Suites: []string{suite}, Components: []string{component}, SignedBy: signed}
	}
	debian := one("http://mirror.example/debian", "bookworm", "main", "/usr/share/keyrings/debian-archive-keyring.gpg")
	for name, c := range map[string]struct {
		sources []source
		want    string
	}{
		"none":                {nil, ""},
		"only security":       {[]source{one("http://mirror.example/debian-security", "bookworm-security", "main", "")}, ""},
		"by codename":         {[]source{one("http://mirror.example/pub", "bookworm", "main", "")}, "http://mirror.example/pub"},
		"by alias":            {[]source{one("http://mirror.example/pub", "stable", "main", "")}, "http://mirror.example/pub"},
		"another vendor's":    {[]source{one("http://vendor.example/apt", "bookworm", "main", "/etc/apt/keyrings/vendor.gpg"), debian}, debian.URI},
		"other component":     {[]source{one("http://vendor.example/apt", "bookworm", "stable", "")}, ""},
		"unsigned by path":    {[]source{one("http://vendor.example/apt", "stable", "main", ""), one("http://mirror.example/debian/", "bookworm", "main", "")}, "http://mirror.example/debian/"},
		"another's codenames": {[]source{one("http://vendor.example/apt", "noble", "main", "")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := pickMirror(c.sources, "bookworm"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestTransportOptions(t *testing.T) {
	got := transportOptions(`Acquire "";
Acquire::http "";
Acquire::http::Proxy "http://proxy.example:3128";
Acquire::https::CAInfo "/etc/ca.pem";
Acquire::httpfoo "no";
Acquire::Retries "3";
`)
	want := []string{`Acquire::http::Proxy "http://proxy.example:3128";`, `Acquire::https::CAInfo "/etc/ca.pem";`}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
