package logpipe

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pair makes a public fifo and a pipe before it.
func pair(t *testing.T) (*Pipe, string) {
	t.Helper()
	dir := t.TempDir()
	public := filepath.Join(dir, "public")
	if err := unix.Mkfifo(public, 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := New(dir, "private", public)
	if err != nil {
		t.Fatal(err)
	}
	return p, public
}

func writer(t *testing.T, p *Pipe) *os.File {
	t.Helper()
	w, err := os.OpenFile(p.Private, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	p.Release()
	return w
}

func TestNobodyReads(t *testing.T) {
	p, _ := pair(t)
	w := writer(t, p)
	data := bytes.Repeat([]byte("a line of the log\n"), 1<<20/18)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	w.Close()
	p.done.Wait()
	info, err := os.Stat(p.log.path)
	if err != nil {
		t.Fatal("what nobody read is not in the spill: ", err)
	}
	if int(info.Size()) < len(data)-1<<17 {
		t.Errorf("the spill has %d of %d bytes", info.Size(), len(data))
	}
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestReaderGetsAll(t *testing.T) {
	p, public := pair(t)
	// The reader is another process, as a client is: its own descriptors do
	// not count as a reader's.
	cat := exec.Command("cat", public)
	var got bytes.Buffer
	cat.Stdout = &got
	if err := cat.Start(); err != nil {
		t.Fatal(err)
	}
	for !p.read() {
		time.Sleep(time.Millisecond)
	}
	w := writer(t, p)
	want := bytes.Repeat([]byte("0123456789abcdef\n"), 1<<20/17)
	if _, err := io.Copy(w, bytes.NewReader(want)); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := cat.Wait(); err != nil {
		t.Fatal("the reader saw no end: ", err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("the reader has %d of %d bytes", got.Len(), len(want))
	}
}

func TestSpillStartsOver(t *testing.T) {
	s := &spill{path: filepath.Join(t.TempDir(), "log")}
	for range 5 {
		s.write(make([]byte, maxSpill/2))
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{s.path, s.path + ".1"} {
		info, err := os.Stat(name)
		if err != nil || info.Size() > maxSpill {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}
