package transfer

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lull-containers/lull/store"
	"github.com/lull-containers/lull/store/artifact"
	"github.com/lull-containers/lull/volume/captures"
)

func quiet(int64, int64) {}

func folder(t *testing.T) *layout {
	t.Helper()
	p, err := Open("oci:" + filepath.Join(t.TempDir(), "layout") + ":monday")
	must(t, err)
	return p.(*layout)
}

func (m *machine) push(k store.Kept, to Place, recipients ...age.Recipient) (Pushed, error) {
	return Push(m.ctx(), m.client, m.captures, k, to,
		PushOptions{Recipients: recipients, Plaintext: len(recipients) == 0, Journals: filepath.Join(m.dir, "pushes"), Progress: quiet})
}

func (m *machine) pull(from Place, identities ...age.Identity) (Pulled, error) {
	return Pull(m.ctx(), m.client, m.captures, from, PullOptions{Identities: identities, Progress: quiet})
}

func key(t *testing.T) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	must(t, err)
	return id
}

func TestThereAndBack(t *testing.T) {
	here, id := newMachine(t), key(t)
	k := here.keep(sample(t, here))
	for name, encrypt := range map[string]bool{"clear": false, "encrypted": true} {
		t.Run(name, func(t *testing.T) {
			there, at := newMachine(t), folder(t)
			var to []age.Recipient
			if encrypt {
				to = append(to, id.Recipient())
			}
			pushed, err := here.push(k, at, to...)
			must(t, err)
			if _, err := there.pull(at); encrypt != errors.Is(err, artifact.ErrKey) {
				t.Errorf("without a key: %v", err)
			}
			pulled, err := there.pull(at, id)
			must(t, err)
			want := Pulled{Ref: "pg:monday", From: at.String(), Digest: pushed.Digest, ID: testID, Bytes: pushed.Bytes,
				Wire: pulled.Wire, Captures: 8<<20 + 3, Encrypted: encrypt, Manifest: pulled.Manifest}
			if diff := cmp.Diff(want, pulled); diff != "" {
				t.Error(diff)
			}
			there.has()
			if encrypt {
				noneReadable(t, at.dir, "0123456789abcdef", "pg:monday", testID, "postgres")
			}
			ownerOnly(t, at.dir)
		})
	}
}

// noneReadable looks for words in the files of a folder.
func noneReadable(t *testing.T, dir string, words ...string) {
	t.Helper()
	must(t, filepath.Walk(dir, func(path string, st os.FileInfo, err error) error {
		if err != nil || !st.Mode().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, w := range words {
			if bytes.Contains(raw, []byte(w)) {
				t.Errorf("%s has %q", path, w)
			}
		}
		return err
	}))
}

// ownerOnly: what is in a layout is a database.
func ownerOnly(t *testing.T, dir string) {
	t.Helper()
	must(t, filepath.Walk(dir, func(path string, st os.FileInfo, err error) error {
		if err == nil && st.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, st.Mode())
		}
		return err
	}))
}

// A capture that is here already is read, and brought anew when it has rotted;
// but not from under a clone.
func TestPullReplacesARottenCapture(t *testing.T) {
	here, there, at := newMachine(t), newMachine(t), folder(t)
	_, err := here.push(here.keep(sample(t, here)), at)
	must(t, err)
	_, err = there.pull(at)
	must(t, err)
	file := filepath.Join(there.captures.Folder(testID), "volume-0", "PG_VERSION")
	must(t, os.WriteFile(file, []byte("16\n"), 0o600))
	must(t, there.captures.Hold(testID, "clone/test/one"))
	if _, err := there.pull(at); !errors.Is(err, captures.ErrHeld) {
		t.Errorf("a clone stands on it: %v", err)
	}
	must(t, there.captures.Release(testID, "clone/test/one"))
	_, err = there.pull(at)
	must(t, err)
	if raw, err := os.ReadFile(file); err != nil || string(raw) != "17\n" {
		t.Errorf("%q, %v", raw, err)
	}
	there.has()
}

// What a pull has brought is held by the image, once the lease is gone.
func TestPulledIsHeld(t *testing.T) {
	here, there, at := newMachine(t), newMachine(t), folder(t)
	_, err := here.push(here.keep(sample(t, here)), at)
	must(t, err)
	_, err = there.pull(at)
	must(t, err)
	_, err = there.db.GarbageCollect(there.ctx())
	must(t, err)
	there.has()
	k, err := store.Look(there.ctx(), there.client, "test", "pg:monday")
	must(t, err)
	base, _ := k.Checkpoint.Base()
	s := &sources{blobs: there.blobs, seen: map[digest.Digest]bool{}}
	must(t, s.tree(there.ctx(), base))
	if len(s.all) != 3 {
		t.Errorf("of the base image %d parts are left", len(s.all))
	}
}

func TestMayPush(t *testing.T) {
	here := newMachine(t)
	k := here.keep(sample(t, here))
	for _, tc := range []struct {
		place string
		o     PushOptions
		want  error
	}{
		{"registry.example.com/pg:monday", PushOptions{}, ErrClear},
		{"10.1.2.3:5000/pg", PushOptions{}, ErrClear},
		{"oci:/mnt/usb", PushOptions{}, ErrClear},
		{"registry.example.com/pg:monday", PushOptions{Plaintext: true}, nil},
		{"registry.example.com/pg:monday", PushOptions{Recipients: []age.Recipient{key(t).Recipient()}}, nil},
		{"127.0.0.1:5000/pg", PushOptions{}, nil},
		{"localhost:5000/pg", PushOptions{}, nil},
		{"[::1]:5000/pg", PushOptions{}, nil},
	} {
		to, err := Open(tc.place)
		must(t, err)
		if err := mayPush(here.captures, k, to, tc.o); !errors.Is(err, tc.want) {
			t.Errorf("%s %+v: %v", tc.place, tc.o, err)
		}
	}
	for _, place := range []string{"", "UPPER/x y", "oci:", "oci:/x:a b", "oci:/x:../y"} {
		if _, err := Open(place); !errors.Is(err, ErrPlace) {
			t.Errorf("%q: %v", place, err)
		}
	}
}

// What has rotten since it was sealed does not travel.
func TestRotIsNotPushed(t *testing.T) {
	here, at := newMachine(t), folder(t)
	k := here.keep(sample(t, here))
	must(t, os.WriteFile(filepath.Join(here.captures.Folder(testID), "volume-0", "PG_VERSION"), []byte("18\n"), 0o600))
	if _, err := here.push(k, at); err == nil || !strings.Contains(err.Error(), "not what was captured") {
		t.Errorf("a capture: %v", err)
	}
	blobs, err := filepath.Glob(filepath.Join(here.dir, "content/blobs/sha256", "*"))
	must(t, err)
	memory, _ := k.Checkpoint.Memory()
	for _, path := range blobs {
		if filepath.Base(path) == memory.Digest.Encoded() {
			raw, err := os.ReadFile(path)
			must(t, err)
			raw[len(raw)/2] ^= 1
			must(t, errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, raw, 0o600)))
		}
	}
	if _, err := here.push(k, at); err == nil {
		t.Error("the memory has rotten, and was pushed")
	}
	if _, _, err := at.Manifest(t.Context()); !errors.Is(err, ErrAbsent) {
		t.Errorf("it has a name: %v", err)
	}
}

// weak fails after so many calls.
type weak struct {
	Place
	left     atomic.Int64
	put, got atomic.Int64
}

var errWeak = errors.New("the line is cut")

func (w *weak) Put(ctx context.Context, d ocispec.Descriptor, raw []byte) error {
	if w.left.Add(-1) < 0 {
		return errWeak
	}
	w.put.Add(1)
	return w.Place.Put(ctx, d, raw)
}

func (w *weak) Get(ctx context.Context, d ocispec.Descriptor) ([]byte, error) {
	if w.left.Add(-1) < 0 {
		return nil, errWeak
	}
	w.got.Add(1)
	return w.Place.Get(ctx, d)
}

// Cut off anywhere, nothing has a name, and the next one goes on.
func TestInterrupted(t *testing.T) {
	here, id := newMachine(t), key(t)
	k := here.keep(sample(t, here))
	at := folder(t)
	total := int64(0)
	for calls := int64(0); ; calls++ {
		w := &weak{Place: at}
		w.left.Store(calls)
		pushed, err := here.push(k, w, id.Recipient())
		total += w.put.Load()
		if err == nil {
			if pushed.Reused == 0 {
				t.Errorf("nothing was found again: %+v", pushed)
			}
			break
		}
		if !errors.Is(err, errWeak) {
			t.Fatal(err)
		}
		if _, _, err := at.Manifest(t.Context()); calls < 3 && err == nil {
			t.Fatalf("after %d calls it has a name", calls)
		}
	}
	t.Logf("%d uploads in all", total)
	there := newMachine(t)
	for calls := int64(0); ; calls++ {
		w := &weak{Place: at}
		w.left.Store(calls)
		_, err := there.pull(w, id)
		if err == nil {
			break
		}
		if !errors.Is(err, errWeak) {
			t.Fatal(err)
		}
		there.hasNothing()
		if calls > 100 {
			t.Fatal("it does not go on")
		}
	}
	there.has()
}
