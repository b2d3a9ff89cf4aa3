package diversion

import (
	"os"
	"path/filepath"
	"testing"
)

// An installed lull installs itself again, when a new stock shim was written
// over the front.
func TestInstalledInstallsAgain(t *testing.T) {
	h := newHost(t)
	carry(t, h.wanted(h.v1))
	for _, text := range []string{"newer shim", ""} {
		if text != "" {
			stock(t, h.shim, text)
		}
		w := h.wanted(h.v1)
		w.From = h.bin
		carry(t, w)
		want := version("1")
		want[StockShim+Kept] = "newer shim"
		h.want(t, want)
	}
	h.uninstall(t, nil)
	h.want(t, map[string]string{StockShim: "newer shim"})
	if exists(filepath.Dir(frontOf(h.bin))) {
		t.Error("the front's folder is still there")
	}
}

// A package puts the programs where they are to be; so does make install with
// DESTDIR. The stock shim may be in the same folder.
func TestPackaged(t *testing.T) {
	h := newHost(t)
	h.shim = filepath.Join(h.bin, StockShim)
	stock(t, h.shim, "stock shim")
	for _, name := range beside() {
		ours(t, filepath.Join(h.bin, name), "1")
	}
	ours(t, frontOf(h.bin), "1")
	w := h.wanted(h.v1)
	w.From = h.bin
	carry(t, w)
	h.want(t, first)
	ours(t, frontOf(h.bin), "2") // the package's next version
	carry(t, w)
	data, err := os.ReadFile(h.shim)
	if err != nil || data[len(data)-1] != '2' {
		t.Errorf("the older front stands: %v", err)
	}
}
