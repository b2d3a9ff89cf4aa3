// Command compat renders docs/COMPATIBILITY.md from the cells that a run of the
// end-to-end tests noted (LULL_E2E_CELLS names the file). A mandatory cell that
// nobody noted is shown as not run.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/lull-containers/lull/test/e2e/harness"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "compat:", err)
		os.Exit(1)
	}
}

func run(files []string, w io.Writer) error {
	if len(files) == 0 {
		return errors.New("name the files with cells that a test run noted")
	}
	var all []harness.Cell
	for _, name := range files {
		cells, err := read(name)
		if err != nil {
			return err
		}
		all = append(all, cells...)
	}
	return render(w, withMissing(latest(all)))
}

func read(name string) (cells []harness.Cell, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		var c harness.Cell
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", name, n, err)
		}
		cells = append(cells, c)
	}
	return cells, lines.Err()
}
