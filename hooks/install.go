package hooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/durable"
)

// Installation says which files make a host's runtimes call lull.
type Installation struct {
	Lull        string // absolute path of the lull command
	Config      string // lull's configuration file
	Connections string // what CRIU does with connections, of every container

	CRIUConfig string // CRIU's configuration file of the runtimes
	Script     string // what CRIU calls
	OCIHooks   string // the description of the OCI hooks; empty: none
}

// File is one of an installation's files and how it is.
type File struct {
	Path  string `json:"path"`
	State State  `json:"state"`
	want  string
	mode  os.FileMode
	ours  func(text string) bool
}

// State of a file.
type State string

// The states.
const (
	Absent    State = "absent"
	Installed State = "installed"
	Outdated  State = "outdated" // lull's, and not as this lull would write it
	Foreign   State = "foreign"  // somebody else's
)

// ErrForeign is that a file of somebody else's is in the place of one of lull's.
var ErrForeign = errors.New("not written by lull")

// mark is in every file of lull's, so that nothing else is ever removed.
const mark = "lull hooks install"

// headline begins each file of lines.
const headline = "# Written by " + mark + "; lull hooks uninstall removes it.\n"

// Files looks at all files, the last to be called first: what it names has to
// be there before.
func (i Installation) Files() ([]File, error) {
	files := []File{{Path: i.Script, want: i.script(), mode: 0o755, ours: scriptIsOurs}, {Path: i.CRIUConfig, want: i.criuConfig(), mode: 0o644, ours: criuConfigIsOurs}}
	if i.OCIHooks != "" {
		hooks, err := i.ociHooks()
		if err != nil {
			return nil, err
		}
		files = append(files, File{Path: i.OCIHooks, want: hooks, mode: 0o644, ours: ociHooksAreOurs})
	}
	for n := range files {
		if err := files[n].look(); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func (f *File) look() error {
	have, err := os.ReadFile(f.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.State = Absent
	case err != nil:
		return err
	case string(have) == f.want:
		f.State = Installed
	case f.ours(string(have)):
		f.State = Outdated
	default:
		f.State = Foreign
	}
	return nil
}

// script hands on what concerns lull: a lull command for each of CRIU's stages
// would cost every container of the host.
func (i Installation) script() string {
	var stages []string
	for _, s := range Stages() {
		stages = append(stages, string(s))
	}
	return fmt.Sprintf("#!/bin/sh\n%scase $CRTOOLS_SCRIPT_ACTION in\n%s)\n\texec %s --config %s hook criu ;;\nesac\n",
		headline, strings.Join(stages, "|"), quote(i.Lull), quote(i.Config))
}

func quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

func (i Installation) criuConfig() string {
	return fmt.Sprintf("%s%s%s %s\n", headline, criu.Config{Connections: i.Connections}, actionScript, i.Script)
}

// ociHooks is a description for the hooks.d folders of Podman and CRI-O.
func (i Installation) ociHooks() (string, error) {
	type hook struct {
		Path string   `json:"path"`
		Args []string `json:"args"`
		Env  []string `json:"env"`
	}
	type when struct {
		Annotations map[string]string `json:"annotations"`
	}
	text, err := json.MarshalIndent(struct {
		Version string   `json:"version"`
		Hook    hook     `json:"hook"`
		When    when     `json:"when"`
		Stages  []string `json:"stages"`
	}{
		"1.0.0",
		hook{i.Lull, []string{"lull", "--config", i.Config, "hook", "oci"}, []string{"WRITTEN_BY=" + mark}},
		when{map[string]string{"^lull/": ".*"}},
		[]string{"createRuntime", "poststop"},
	}, "", "  ")
	return string(text) + "\n", err
}

// Install writes all files or none. Those that are right stay untouched.
func (i Installation) Install(ctx context.Context) ([]File, error) {
	files, err := i.mine()
	if err != nil {
		return nil, err
	}
	var undo cleanup.Stack
	for n := range files {
		if err := files[n].write(&undo); err != nil {
			return nil, errors.Join(err, undo.Run(ctx, undoTime))
		}
	}
	return files, nil
}

func (f *File) write(undo *cleanup.Stack) error {
	if f.State == Installed {
		return nil
	}
	before, err := os.ReadFile(f.Path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	absent := err != nil
	undo.Push(f.Path, func(context.Context) error {
		if absent {
			return cleanup.IgnoreAbsent(os.Remove(f.Path))
		}
		return durable.WriteFile(f.Path, before, f.mode)
	})
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o755); err != nil {
		return err
	}
	f.State = Installed
	return durable.WriteFile(f.Path, []byte(f.want), f.mode)
}

// mine are the files, none of which is somebody else's.
func (i Installation) mine() ([]File, error) {
	files, err := i.Files()
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if f.State == Foreign {
			return nil, fmt.Errorf("%s: %w", f.Path, ErrForeign)
		}
	}
	return files, nil
}

// Uninstall removes lull's files, what calls others first. A file that is
// somebody else's stays.
func (i Installation) Uninstall() ([]File, error) {
	files, err := i.Files()
	if err != nil {
		return nil, err
	}
	for n := len(files) - 1; n >= 0; n-- {
		if files[n].State == Foreign {
			continue
		}
		if err := cleanup.IgnoreAbsent(os.Remove(files[n].Path)); err != nil {
			return nil, err
		}
		files[n].State = Absent
	}
	return files, nil
}
