package captures

import "path/filepath"

// Known is where a list is kept of a capture as it is, made when it was last
// read: what its times prove untouched need not be read again. Lists go with
// the captures, and may be missing.
func (s Store) Known(id, name string) string {
	return filepath.Join(s.Folder(id), "known", name+".list")
}
