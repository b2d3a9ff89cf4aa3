package lab

import (
	"fmt"
	"os"
	"path/filepath"
)

// WriteLullConfig makes lull, whose programs are in the folder bin, keep
// everything in the folders of a daemon that is yet to be started. More are
// further lines of lull's configuration. Name bin in DaemonConfig.BinDirs too:
// that puts lull's shim in the stock one's place.
func (l *Lab) WriteLullConfig(daemon, bin, more string) error {
	run, data := l.RunDir(daemon), l.DataDir(daemon)
	text := fmt.Sprintf("state_dir = %q\nstore_dir = %q\nstock_shim = %q\nlull = %q\n%s\n",
		filepath.Join(run, "lull"), filepath.Join(data, "captures"),
		l.Path("containerd-shim-runc-v2"), filepath.Join(bin, "lull"), more)
	if err := os.MkdirAll(run, 0o711); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(run, "lull.toml"), []byte(text), 0o644)
}
