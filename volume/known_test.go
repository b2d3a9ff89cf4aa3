package volume

import (
	"testing"
)

// known is a folder with its list, a copy of it, and the copy's list: its
// contents are those of the first.
func known(t *testing.T) (list *List, dst string, copied *List) {
	t.Helper()
	src, dst := tempDir(t), tempDir(t)+"/copy"
	awkward(t, src)
	list, err := Fingerprint(t.Context(), src, Options{Content: true, Synced: true})
	must(t, err)
	trusted(t, list)
	must(t, Replicate(t.Context(), src, dst, true))
	copied, err = Fingerprint(t.Context(), dst, Options{Synced: true, Known: list.Contents()})
	must(t, err)
	if !copied.Complete() || copied.Content() != list.Content() {
		t.Fatal("the copy's list has other contents")
	}
	return list, dst, copied
}

func compareKnown(t *testing.T, dst string, list, copied *List) Drift {
	t.Helper()
	k, err := copied.Known(t.Context(), dst)
	must(t, err)
	d, err := CompareKnown(t.Context(), dst, list, k)
	must(t, err)
	return d
}

// A copy whose contents are known is compared without reading it.
func TestKnownIsNotRead(t *testing.T) {
	list, dst, copied := known(t)
	if d := compareKnown(t, dst, list, copied); d.Any() || d.Hashed != 0 {
		t.Errorf("%v, %d files read", d, d.Hashed)
	}
	if d := compare(t, dst, list); d.Any() || d.Hashed == 0 {
		t.Errorf("without: %v, %d files read", d, d.Hashed)
	}
}

// Whatever a file of the copy went through since, it is seen.
func TestKnownIsOnlyWhatIsUntouched(t *testing.T) {
	for name, c := range comparisons {
		if c.changed == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			list, dst, copied := known(t)
			must(t, c.change(dst))
			if d := compareKnown(t, dst, list, copied); !d.Any() {
				t.Error("nothing is seen")
			}
		})
	}
}

// Nothing is known by times of another boot or mount, and what is known of
// other contents is drift.
func TestKnownHasItsWitness(t *testing.T) {
	list, dst, copied := known(t)
	for _, witness := range []string{untrusted, "another boot"} {
		other := &List{Header: copied.Header, Entries: copied.Entries}
		other.Header.Witness = witness
		if k, err := other.Known(t.Context(), dst); err != nil || len(k) > 0 {
			t.Errorf("%q: %d files, %v", witness, len(k), err)
		}
	}
	for i := range copied.Entries {
		if e := &copied.Entries[i]; e.Type == Regular {
			e.SHA256[0] ^= 1
		}
	}
	if d := compareKnown(t, dst, list, copied); !d.Any() {
		t.Error("other contents are no drift")
	}
}
