package ledger

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const goodHeader = `{"ledger":"lull.ledger/1","began":"2026-01-02T03:04:05Z"}` + "\n"

func TestLogSurvivesItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "acks.jsonl")
	l, err := CreateLog(path)
	if err != nil {
		t.Fatal(err)
	}
	e := Entry{Client: 3, Seq: 1, Attempt: l.nextAttempt(), From: 0, To: 2, Amount: 7}
	l.record(Connected, Entry{Client: 3}, nil)
	l.record(Sent, e, nil)
	l.record(Lost, e, errors.New("connection reset\nby peer"))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := ReadLog(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(l.History(), got, cmpopts.EquateApproxTime(0)); diff != "" {
		t.Errorf("read back (-recorded +read):\n%s", diff)
	}
	if _, err := CreateLog(path); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second log in the same file: %v", err)
	}
}

func TestLogReportsAFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("no /dev/full: %v", err)
	}
	l := NewLog(full)
	l.record(Connected, Entry{}, nil)
	if l.Close() == nil {
		t.Error("Close() reports nothing")
	}
	if len(l.History().Events) != 1 {
		t.Error("the event is lost from memory")
	}
}

func TestDecode(t *testing.T) {
	const sent = `{"at":5,"kind":"sent","client":1,"seq":1,"attempt":1,"from":0,"to":1,"amount":5}`
	tests := map[string]struct {
		in     string
		events int
		err    string // in the message; none: no error
	}{
		"one event":       {goodHeader + sent + "\n", 1, ""},
		"no event":        {goodHeader, 0, ""},
		"torn last line":  {goodHeader + sent + "\n" + sent[:20], 1, ""},
		"empty":           {"", 0, "empty"},
		"torn header":     {goodHeader[:10], 0, "empty"},
		"another format":  {strings.Replace(goodHeader, "/1", "/2", 1), 0, "line 1"},
		"no header":       {sent + "\n", 0, "line 1"},
		"torn in between": {goodHeader + sent[:20] + "\n" + sent + "\n", 0, "line 2"},
		"two on a line":   {goodHeader + sent + sent + "\n", 0, "line 2"},
		"blank line":      {goodHeader + "\n", 0, "line 2"},
		"unknown key":     {goodHeader + `{"at":1,"kind":"connected","client":1,"x":1}` + "\n", 0, "line 2"},
		"unknown kind":    {goodHeader + `{"at":1,"kind":"acknowledged","client":1}` + "\n", 0, "line 2"},
		"no attempt":      {goodHeader + `{"at":1,"kind":"sent","client":1,"seq":1}` + "\n", 0, "line 2"},
		"negative client": {goodHeader + `{"at":1,"kind":"connected","client":-1}` + "\n", 0, "line 2"},
		"negative time":   {goodHeader + `{"at":-1,"kind":"connected","client":1}` + "\n", 0, "line 2"},
		"time goes back":  {goodHeader + sent + "\n" + `{"at":4,"kind":"connected","client":1}` + "\n", 1, "line 3"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h, err := Decode(strings.NewReader(tt.in))
			if len(h.Events) != tt.events {
				t.Errorf("%d events, not %d", len(h.Events), tt.events)
			}
			if (err == nil) != (tt.err == "") || (err != nil && !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("error %v, want one that says %q", err, tt.err)
			}
		})
	}
}

// Whatever is decoded is the same after another round, and nothing that can
// be decoded brings the checker down.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(goodHeader))
	sc := cutScene()
	f.Add(encode(sc.h))
	f.Add(encode(sc.h)[:400])
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := Decode(bytes.NewReader(data))
		if err != nil {
			return
		}
		again, err := Decode(bytes.NewReader(encode(h)))
		if err != nil {
			t.Fatalf("its own encoding is refused: %v", err)
		}
		if diff := cmp.Diff(h, again, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("second round (-first +second):\n%s", diff)
		}
		h.Stalls(0, h.last())
		if r, err := Check(h, sc.s, atCut); err == nil {
			_ = r.String()
		}
	})
}

func encode(h History) []byte {
	var b bytes.Buffer
	l := &Log{out: &b}
	l.write(header{Ledger: logSchema, Began: h.Began})
	for _, e := range h.Events {
		l.write(e)
	}
	return b.Bytes()
}
