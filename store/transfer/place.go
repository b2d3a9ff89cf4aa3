package transfer

import "strings"

// Open finds the place that a name stands for: HOST/REPOSITORY:TAG or
// HOST/REPOSITORY@DIGEST of a registry, or oci:FOLDER:TAG. Nothing is asked yet.
func Open(to string) (Place, error) {
	if strings.HasPrefix(to, layoutScheme) {
		return openLayout(to)
	}
	return openRegistry(to)
}
