package criu

import (
	"fmt"
	"strconv"
	"strings"
)

// Version is a release of the kernel, of CRIU or of runc.
type Version struct{ Major, Minor, Patch int }

// ParseVersion takes the first dotted number out of text, such as
// "Version: 4.2.1", "runc version 1.5.2-rc.1" or "6.18.44-generic".
func ParseVersion(text string) (Version, error) {
	for _, word := range strings.Fields(text) {
		if v, ok := parseDotted(strings.TrimPrefix(word, "v")); ok {
			return v, nil
		}
	}
	return Version{}, fmt.Errorf("no version in %q", text)
}

func parseDotted(word string) (v Version, ok bool) {
	if end := strings.IndexFunc(word, func(r rune) bool { return r != '.' && (r < '0' || r > '9') }); end >= 0 {
		word = word[:end]
	}
	parts := strings.Split(strings.Trim(word, "."), ".")
	if len(parts) < 2 {
		return v, false
	}
	for i, field := range []*int{&v.Major, &v.Minor, &v.Patch} {
		if i == len(parts) {
			break
		}
		n, err := strconv.Atoi(parts[i])
		if err != nil {
			return Version{}, false
		}
		*field = n
	}
	return v, true
}

// Less orders versions.
func (v Version) Less(o Version) bool {
	if v.Major != o.Major {
		return v.Major < o.Major
	}
	if v.Minor != o.Minor {
		return v.Minor < o.Minor
	}
	return v.Patch < o.Patch
}

// String leaves out a patch level of zero.
func (v Version) String() string {
	if v.Patch == 0 {
		return fmt.Sprintf("%d.%d", v.Major, v.Minor)
	}
	return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch)
}

// MinimumCRIU is the oldest CRIU that can work on a kernel. The action scripts
// that run beside runc's requests came with 3.19; from 6.16 on an older CRIU
// cannot dump a TCP socket.
func MinimumCRIU(kernel Version) Version {
	if kernel.Less(Version{Major: 6, Minor: 16}) {
		return Version{Major: 3, Minor: 19}
	}
	return Version{Major: 4, Minor: 2}
}

// MinimumRunc is the oldest runc that can work on a kernel: older ones corrupt
// memory in device rules of cgroups from 6.17 on.
func MinimumRunc(kernel Version) Version {
	if kernel.Less(Version{Major: 6, Minor: 17}) {
		return Version{Major: 1, Minor: 1}
	}
	return Version{Major: 1, Minor: 5, Patch: 2}
}
