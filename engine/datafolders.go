package engine

import (
	"os"
	"slices"
	"strings"

	"github.com/lull-containers/lull/internal/rawspec"
	"github.com/lull-containers/lull/quiesce"
)

// home is where an engine keeps its files when nobody says otherwise.
type home struct {
	variable string   // of the environment
	flags    []string // of the server's command line, value attached or next
	fallback []string // of the official image
	bitnami  []string // of Bitnami's
}

func homes() map[string]home {
	return map[string]home{
		"postgres": {"PGDATA", []string{"-D", "--pgdata="}, []string{"/var/lib/postgresql/data"}, []string{"/bitnami/postgresql/data"}},
		"mysql":    {"", []string{"--datadir="}, []string{"/var/lib/mysql"}, []string{"/bitnami/mysql/data"}},
		"mariadb":  {"", []string{"--datadir="}, []string{"/var/lib/mysql"}, []string{"/bitnami/mariadb/data"}},
		"redis":    {"", []string{"--dir"}, []string{"/data"}, []string{"/bitnami/redis/data"}},
		"valkey":   {"", []string{"--dir"}, []string{"/data"}, []string{"/bitnami/valkey/data"}},
		"mongodb":  {"", []string{"--dbpath"}, []string{"/data/db"}, []string{"/bitnami/mongodb/data/db"}},
	}
}

// DataFolders is where the container's database keeps its files, as far as its
// arguments and environment tell.
func DataFolders(c *Container) []string {
	if c.Found.Engine == quiesce.Exec {
		return foldersOfService(c)
	}
	h := homes()[c.Found.Engine]
	if c.Spec.Process != nil {
		if dir := h.fromArgs(c.Spec.Process.Args); dir != "" {
			return []string{dir}
		}
	}
	if dir := c.Env()[h.variable]; h.variable != "" && dir != "" {
		return []string{dir}
	}
	if c.Found.Variant == quiesce.Bitnami || c.Env()["BITNAMI_APP_NAME"] != "" {
		return h.bitnami
	}
	return h.fallback
}

func (h home) fromArgs(args []string) string {
	for i, arg := range args {
		for _, flag := range h.flags {
			value, ok := strings.CutPrefix(arg, flag)
			switch {
			case !ok:
			case value != "":
				return strings.TrimPrefix(value, "=")
			case i+1 < len(args):
				return args[i+1]
			}
		}
	}
	return ""
}

// foldersOfService are those that the label lull/data-folders names, else every
// folder of the host that is mounted writable. What else the service writes is
// in the container's own layer.
func foldersOfService(c *Container) (folders []string) {
	if said := c.LullLabels()["data-folders"]; said != "" {
		for f := range strings.SplitSeq(said, ",") {
			folders = append(folders, strings.TrimSpace(f))
		}
		return folders
	}
	for _, m := range c.Spec.Mounts {
		if info, err := os.Stat(m.Source); rawspec.IsBind(m) && !slices.Contains(m.Options, "ro") && err == nil && info.IsDir() {
			folders = append(folders, m.Destination)
		}
	}
	return folders
}
