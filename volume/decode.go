package volume

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

const (
	maxListBytes = 1 << 30
	maxListLine  = 1 << 20
)

// Decode reads what Encode wrote: strict, bounded, and with the header's
// content digest checked. Everything else is ErrList.
func Decode(r io.Reader) (*List, error) {
	lines := bufio.NewScanner(io.LimitReader(r, maxListBytes))
	lines.Buffer(make([]byte, 64<<10), maxListLine)
	head, err := decodeHeader(lines)
	if err != nil {
		return nil, listError(1, err)
	}
	l := &List{Header: Header{FileSystem: head.FileSystem, Taken: head.Taken,
		Witness: head.Witness, CrossMounts: head.Cross}}
	if l.Header.Root, err = raw(head.Root); err != nil {
		return nil, listError(1, err)
	}
	for lines.Scan() {
		if err := l.decodeEntry(lines.Bytes()); err != nil {
			return nil, listError(len(l.Entries)+2, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, listError(len(l.Entries)+2, err)
	}
	return l, l.matches(head)
}

func decodeHeader(lines *bufio.Scanner) (header, error) {
	var h header
	if !lines.Scan() {
		return h, errors.Join(errors.New("it is empty"), lines.Err())
	}
	var probe struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(lines.Bytes(), &probe); err != nil {
		return h, err
	}
	if probe.Schema != ListSchema {
		return h, fmt.Errorf("its schema is %q, this lull reads %q", probe.Schema, ListSchema)
	}
	return h, strictly(lines.Bytes(), &h)
}

func (l *List) decodeEntry(line []byte) error {
	var r record
	if err := strictly(line, &r); err != nil {
		return err
	}
	e, err := r.entry()
	if err != nil {
		return err
	}
	n := len(l.Entries)
	if n == 0 && e.Path != "." || n > 0 && !before(l.Entries[n-1].Path, e.Path) {
		return fmt.Errorf("%q is out of order", e.Path)
	}
	l.Entries = append(l.Entries, e)
	return nil
}

func (l *List) matches(head header) error {
	if len(l.Entries) == 0 || len(l.Entries) != head.Entries {
		return listError(len(l.Entries)+1, fmt.Errorf("it has %d entries, %d were written", len(l.Entries), head.Entries))
	}
	if l.Content() != head.Content {
		return listError(1, errors.New("its content digest is not that of its entries"))
	}
	return nil
}

func strictly(line []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("something follows the object")
	}
	return nil
}

func listError(line int, err error) error {
	return fmt.Errorf("%w: line %d: %w; take the checkpoint again", ErrList, line, err)
}

// ReadFile reads a list that WriteFile stored.
func ReadFile(path string) (*List, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the list of files: %w", err)
	}
	defer f.Close()
	return Decode(f)
}
