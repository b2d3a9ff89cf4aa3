package volume

import (
	"fmt"
	"testing"
)

// tenThousand is a volume with as many files, 1 KiB each.
func tenThousand(b *testing.B) string {
	b.Helper()
	root := tempDir(b)
	for i := range 10_000 {
		write(b, fmt.Sprintf("%s/base/%d/%d", root, i%20, i), noise(fmt.Sprint(i), 1024))
	}
	must(b, SyncFS(root))
	return root
}

func BenchmarkFingerprint(b *testing.B) {
	root := tenThousand(b)
	for _, content := range []bool{false, true} {
		b.Run(fmt.Sprintf("content=%t", content), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := Fingerprint(b.Context(), root, Options{Content: content, Synced: true})
				must(b, err)
			}
		})
	}
}

func BenchmarkCompare(b *testing.B) {
	root := tenThousand(b)
	l := fingerprint(b, root)
	for name, witness := range map[string]string{"untouched": l.Header.Witness, "read": untrusted} {
		b.Run(name, func(b *testing.B) {
			l.Header.Witness = witness
			b.ReportAllocs()
			for b.Loop() {
				if d := compare(b, root, l); d.Any() {
					b.Fatal(d)
				}
			}
		})
	}
}

func BenchmarkCapture(b *testing.B) {
	root, dst := tenThousand(b), tempDir(b)
	for b.Loop() {
		r, err := Capture(b.Context(), root, dst+"/v", CaptureOptions{Hash: true, Synced: true})
		must(b, err)
		must(b, r.Discard())
	}
}

func BenchmarkListFile(b *testing.B) {
	l := fingerprint(b, tenThousand(b))
	dir := tempDir(b)
	n := 0
	for b.Loop() {
		path := fmt.Sprintf("%s/%d", dir, n)
		n++
		must(b, l.WriteFile(path))
		_, err := ReadFile(path)
		must(b, err)
	}
}
