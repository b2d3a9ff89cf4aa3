package quiesce

import (
	"slices"
	"strings"
)

// repository is the path of an image reference: registry, tag and digest
// taken away, in lower case. It has at least one element.
func repository(reference string) []string {
	name, _, _ := strings.Cut(strings.ToLower(reference), "@")
	path := strings.Split(name, "/")
	last := len(path) - 1
	path[last], _, _ = strings.Cut(path[last], ":")
	if len(path) > 1 && isHost(path[0]) {
		path = path[1:]
	}
	return path
}

// isHost tells a registry from a path element as every client does.
func isHost(s string) bool { return s == "localhost" || strings.ContainsAny(s, ".:") }

// withoutVersion takes "-16", "-80-c9s" and the like off an element.
func withoutVersion(element string) string {
	name, rest, ok := strings.Cut(element, "-")
	if !ok || rest == "" || rest[0] < '0' || rest[0] > '9' {
		return element
	}
	version, build, _ := strings.Cut(rest, "-")
	if strings.Trim(version, "0123456789") != "" || !isBuild(build) {
		return element
	}
	return name
}

// isBuild knows what Red Hat's images append: nothing, c9s, c10s, el9.
func isBuild(s string) bool {
	s = strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(s, "el"), "c"), "s")
	return strings.Trim(s, "0123456789") == ""
}

// variant names the kind of image where it is not the plain one.
func variant(path []string, repository, engine string) string {
	packager := func(element string) bool { return strings.HasPrefix(element, "bitnami") }
	switch {
	case slices.ContainsFunc(path, packager):
		return Bitnami
	case repository == engine, repository+"db" == engine, repository == engine+"ql":
		return ""
	}
	return repository
}
