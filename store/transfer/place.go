package transfer

import "strings"

// Open finds the place that a name stands for: HOST/REPOSITORY:TAG or
// HOST/REPOSITORY@DIGEST of a registry, or oci:FOLDER:TAG. Nothing is asked yet.
func Open(to string) (Place, error) {
	if strings.HasPrefix(to, layoutScheme) {
		return openLayout(to)
	}
	return openRegistry(to, false)
}

// OpenPlain is Open, and talks to registries without TLS also where they are
// not on loopback: logins and what is carried can be read on the way.
func OpenPlain(to string) (Place, error) {
	if strings.HasPrefix(to, layoutScheme) {
		return openLayout(to)
	}
	return openRegistry(to, true)
}
