package mysqlproto

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/lull-containers/lull/manifest"
)

// The keys of a position that Verify treats by name.
const (
	KeyPrepared  = "prepared_transactions"
	KeyBinaryLog = "binary_log" // FILE:POSITION
	KeyLSN       = "lsn"
	KeyFlushed   = "checkpoint_lsn"
	gtidPrefix   = "gtid_"
)

// The roles.
const (
	primary = "primary"
	replica = "replica"
)

// Evidence reads identity, position, role, lineage and durability.
func (s *Session) Evidence(ctx context.Context) (manifest.Database, error) {
	d := manifest.Database{Engine: s.engine.Name(), Version: s.version}
	for _, read := range []func(context.Context, *manifest.Database) error{
		s.readIdentity, s.readPosition, s.readDurability, s.readFolders, s.readLineage,
	} {
		if err := read(ctx, &d); err != nil {
			return manifest.Database{}, err
		}
	}
	d.Version = s.version // as it is now, after a reconnect too
	return d, nil
}

func (s *Session) readIdentity(ctx context.Context, d *manifest.Database) (err error) {
	if d.Identity, err = s.engine.Identity(ctx, s); err != nil {
		return err
	}
	v, err := s.Variables(ctx, "datadir")
	d.Identity["datadir"] = path.Clean(v["datadir"])
	d.Identity["version"] = strconv.Itoa(s.number)
	return err
}

func (s *Session) readPosition(ctx context.Context, d *manifest.Database) (err error) {
	if d.Position, err = s.engine.Position(ctx, s); err != nil {
		return err
	}
	n, err := s.prepared(ctx)
	d.Position[KeyPrepared] = strconv.Itoa(n)
	for key, value := range d.Position {
		if value == "" {
			delete(d.Position, key)
		}
	}
	return err
}

func (s *Session) readDurability(ctx context.Context, d *manifest.Database) (err error) {
	d.Durability, err = s.Variables(ctx, "innodb_flush_log_at_trx_commit", "sync_binlog", "innodb_doublewrite", "innodb_flush_method",
		"innodb_use_native_aio", "log_bin", "binlog_format", "gtid_mode", "gtid_strict_mode", "read_only", "super_read_only")
	return err
}

// readFolders lists the folders with files of the server's, its data folder
// first; what lies in another one of them is not named again.
func (s *Session) readFolders(ctx context.Context, d *manifest.Database) error {
	files := []string{"log_bin_basename", "relay_log_basename", "log_bin_index"}
	dirs := []string{"innodb_data_home_dir", "innodb_log_group_home_dir", "innodb_undo_directory", "innodb_doublewrite_dir",
		"innodb_directories", "aria_log_dir_path", "binlog_directory"}
	v, err := s.Variables(ctx, slices.Concat([]string{"datadir"}, files, dirs)...)
	if err != nil {
		return err
	}
	home := path.Clean(v["datadir"])
	d.Folders = []string{home}
	for _, name := range files {
		if v[name] != "" {
			d.Folders = addFolder(d.Folders, home, path.Dir(v[name]))
		}
	}
	for _, name := range dirs {
		for dir := range strings.SplitSeq(v[name], ";") {
			d.Folders = addFolder(d.Folders, home, dir)
		}
	}
	return nil
}

func addFolder(folders []string, home, dir string) []string {
	if dir == "" {
		return folders
	}
	if !path.IsAbs(dir) {
		dir = path.Join(home, dir)
	}
	dir = path.Clean(dir)
	inside := func(f string) bool { return dir == f || strings.HasPrefix(dir, f+"/") }
	if slices.ContainsFunc(folders, inside) {
		return folders
	}
	return append(folders, dir)
}

// readLineage lists what follows this server and what it follows. The role is
// by the latter.
func (s *Session) readLineage(ctx context.Context, d *manifest.Database) (err error) {
	if d.Lineage, err = s.engine.Upstreams(ctx, s); err != nil {
		return err
	}
	d.Role = roleBy(d.Lineage)
	all, err := s.Rows(ctx, "asking for replicas", "SHOW PROCESSLIST")
	if err != nil {
		return err
	}
	for _, r := range all {
		if strings.HasPrefix(r["command"], "Binlog Dump") {
			d.Lineage = append(d.Lineage, manifest.Lineage{Kind: "replica", Name: fmt.Sprintf("%s@%s", r["user"], r["host"]), Detail: r["command"]})
		}
	}
	return nil
}

func (s *Session) role(ctx context.Context) (string, error) {
	up, err := s.engine.Upstreams(ctx, s)
	return roleBy(up), err
}

func roleBy(upstreams []manifest.Lineage) string {
	if len(upstreams) > 0 {
		return replica
	}
	return primary
}
