package procs

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
)

// A table as a kernel on a little-endian machine prints it.
const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 11 1 0 100 0 0 10 0
   1: 0100007F:1538 0100007F:FA00 01 00000000:00000000 00:00000000 00000000   999        0 12 1 0 20 4 30 10 -1
   2: 0100007F:1538 0100007F:FA01 08 00000000:00000000 00:00000000 00000000     0        0 0 1 0 20 4 30 10 -1
`

func TestParseTCP(t *testing.T) {
	if nativeBig() {
		t.Skip("the table is of a little-endian machine")
	}
	socks, err := parseTCP(table)
	if err != nil || len(socks) != 3 {
		t.Fatal(socks, err)
	}
	want := Socket{
		Local:  netip.MustParseAddrPort("127.0.0.1:5432"),
		Remote: netip.MustParseAddrPort("127.0.0.1:64000"),
		State:  Established, Inode: 12,
	}
	if socks[1] != want {
		t.Errorf("got %+v", socks[1])
	}
	if socks[0].State != Listen || socks[2].State != CloseWait {
		t.Errorf("states %d and %d", socks[0].State, socks[2].State)
	}
}

func nativeBig() bool {
	a, err := parseAddr("0100007F:0000")
	return err == nil && a.Addr().String() != "127.0.0.1"
}

func TestParseAddr6(t *testing.T) {
	a, err := parseAddr("00000000000000000000000001000000:1538")
	if err != nil || a.String() != "[::1]:5432" {
		t.Errorf("%v, %v", a, err)
	}
	a, err = parseAddr("0000000000000000FFFF00000100007F:1538")
	if err != nil || a.String() != "127.0.0.1:5432" {
		t.Errorf("a mapped address: %v, %v", a, err)
	}
}

func FuzzParseTCP(f *testing.F) {
	f.Add(table)
	f.Add("heading\n0: zz")
	f.Fuzz(func(t *testing.T, text string) {
		socks, err := parseTCP(text)
		if err == nil && len(socks) > strings.Count(text, "\n") {
			t.Errorf("%d sockets out of %d lines", len(socks), strings.Count(text, "\n"))
		}
	})
}

func TestListenersOfOurOwn(t *testing.T) {
	l, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := uint16(l.Addr().(*net.TCPAddr).Port)
	want := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
	table, err := TCP(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if mine := table.Listeners(SocketInodes([]int{os.Getpid()})); !slices.Contains(mine, want) {
		t.Errorf("%s is not among %v", want, mine)
	}
	if others := table.Listeners(SocketInodes([]int{os.Getppid()})); slices.Contains(others, want) {
		t.Errorf("%s is taken for another process's", want)
	}
}

func TestPreferLoopback(t *testing.T) {
	var addrs []netip.AddrPort
	for _, s := range []string{"10.0.0.5:5432", "[::1]:5432", "127.0.0.1:5432"} {
		addrs = append(addrs, netip.MustParseAddrPort(s))
	}
	slices.SortFunc(addrs, preferLoopback)
	if addrs[0].String() != "127.0.0.1:5432" || addrs[2].String() != "10.0.0.5:5432" {
		t.Errorf("%v", addrs)
	}
}

func TestStartTime(t *testing.T) {
	a, err := StartTime(os.Getpid())
	if err != nil || a == "" || a == "0" {
		t.Fatal(a, err)
	}
	if b, _ := StartTime(os.Getpid()); a != b {
		t.Errorf("%s, then %s", a, b)
	}
	if _, err := StartTime(1 << 30); err == nil {
		t.Error("a process that cannot be there has a start time")
	}
}

func TestFarEnds(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	table, err := TCP(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	near := slices.DeleteFunc(slices.Clone(table), func(s Socket) bool { return s.Local.String() != c.LocalAddr().String() })
	far := table.FarEnds(near)
	if len(near) != 1 || len(far) != 1 || far[0].Local.String() != l.Addr().String() {
		t.Errorf("near %v, far %v", near, far)
	}
}
