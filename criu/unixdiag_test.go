package criu

import (
	"net"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestListUnix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()

	socks, err := listUnix()
	if err != nil {
		t.Fatal(err)
	}
	byInode := map[uint32]unixSocket{}
	for _, s := range socks {
		byInode[s.inode] = s
	}
	pairs := 0
	for _, s := range socks {
		if s.name == path && s.peer != 0 && byInode[s.peer].peer == s.inode {
			pairs++
		}
	}
	if pairs != 1 {
		t.Errorf("%d accepted connections on %s, want 1, in %+v", pairs, path, socks)
	}
}

func TestExternal(t *testing.T) {
	socks := []unixSocket{
		{inode: 1, peer: 2, kind: 1}, {inode: 2, peer: 1, kind: 1}, // both inside
		{inode: 3, peer: 9, kind: 1}, {inode: 9, peer: 3, kind: 1}, // one inside
		{inode: 4, kind: 1}, // listens
	}
	held := map[uint64]bool{1: true, 2: true, 3: true, 4: true}
	want := []unixSocket{{inode: 3, peer: 9, kind: 1}}
	if diff := cmp.Diff(want, external(socks, held), cmp.AllowUnexported(unixSocket{})); diff != "" {
		t.Error(diff)
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"\x00abstract": "@abstract", "/run/s\x00\x00": "/run/s", "a\x1b[31m": "a?[31m", "": "",
	} {
		if got := printable(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzParseDiag(f *testing.F) {
	f.Add(diagRequest())
	f.Add([]byte{20, 0, 0, 0, 20, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		all, _, _ := parseDiag(b)
		if len(all)*diagMsgLen > len(b) {
			t.Errorf("%d sockets out of %d bytes", len(all), len(b))
		}
	})
}
