package volume

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Encode writes the list's stable form: JSON lines, a header first.
func (l *List) Encode(w io.Writer) error {
	buf := bufio.NewWriter(w)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	head := header{Schema: ListSchema, Root: safe(l.Header.Root), FileSystem: l.Header.FileSystem,
		Taken: l.Header.Taken, Witness: l.Header.Witness, Cross: l.Header.CrossMounts,
		Entries: len(l.Entries), Content: l.Content()}
	if err := enc.Encode(head); err != nil {
		return fmt.Errorf("encode the list of files: %w", err)
	}
	for i := range l.Entries {
		if err := enc.Encode(toRecord(&l.Entries[i])); err != nil {
			return fmt.Errorf("encode the list of files: %w", err)
		}
	}
	return buf.Flush()
}

// WriteFile stores the list in a new file; one that is there already is an
// error that is fs.ErrExist. Nothing stays behind when it fails. It is not
// synced: manifest.Sync does that for the whole folder.
func (l *List) WriteFile(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return fmt.Errorf("store the list of files: %w", err)
	}
	if err := errors.Join(l.Encode(f), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
