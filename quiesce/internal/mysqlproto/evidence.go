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

// Variables that the evidence is made of. They are asked for in one query,
// because clients may wait for the answer and each makes a list of all of them.
func identityVariables() []string { return []string{"server_uuid", "server_id", "datadir"} }

func durabilityVariables() []string {
	return []string{"innodb_flush_log_at_trx_commit", "sync_binlog", "innodb_doublewrite", "innodb_flush_method",
		"innodb_use_native_aio", "log_bin", "binlog_format", "gtid_mode", "gtid_strict_mode", "read_only", "super_read_only"}
}

// fileVariables name files, folderVariables folders with files of the server's.
func fileVariables() []string {
	return []string{"log_bin_basename", "relay_log_basename", "log_bin_index"}
}

func folderVariables() []string {
	return []string{"innodb_data_home_dir", "innodb_log_group_home_dir", "innodb_undo_directory", "innodb_doublewrite_dir",
		"innodb_directories", "aria_log_dir_path", "binlog_directory"}
}

// Evidence reads identity, position, role, lineage and durability.
func (s *Session) Evidence(ctx context.Context) (manifest.Database, error) {
	v, err := s.Variables(ctx, slices.Concat(identityVariables(), durabilityVariables(), fileVariables(), folderVariables())...)
	if err != nil {
		return manifest.Database{}, err
	}
	d := manifest.Database{Engine: s.engine.Name(), Durability: picked(v, durabilityVariables()), Folders: folders(v)}
	for _, read := range []func(context.Context, *manifest.Database) error{
		func(ctx context.Context, d *manifest.Database) error { return s.readIdentity(ctx, d, v) },
		s.readPosition, s.readTableFolders, s.readLineage,
	} {
		if err := read(ctx, &d); err != nil {
			return manifest.Database{}, err
		}
	}
	d.Version = s.version // as it is now, after a reconnect too
	return d, nil
}

// picked are those of some names that all has.
func picked(all map[string]string, names []string) map[string]string {
	some := map[string]string{}
	for _, name := range names {
		if value, ok := all[name]; ok {
			some[name] = value
		}
	}
	return some
}

func (s *Session) readIdentity(ctx context.Context, d *manifest.Database, variables map[string]string) (err error) {
	if d.Identity, err = s.engine.Identity(ctx, s, variables); err != nil {
		return err
	}
	d.Identity["datadir"] = path.Clean(variables["datadir"])
	d.Identity["version"] = strconv.Itoa(s.number)
	return nil
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

// folders lists the folders with files of the server's, its data folder first;
// what lies in another one of them is not named again.
func folders(variables map[string]string) []string {
	home := path.Clean(variables["datadir"])
	list := []string{home}
	for _, name := range fileVariables() {
		if variables[name] != "" {
			list = addFolder(list, home, path.Dir(variables[name]))
		}
	}
	for _, name := range folderVariables() {
		for dir := range strings.SplitSeq(variables[name], ";") {
			list = addFolder(list, home, dir)
		}
	}
	return list
}

// readTableFolders adds those of tables with DATA DIRECTORY.
func (s *Session) readTableFolders(ctx context.Context, d *manifest.Database) error {
	const elsewhere = " AS f WHERE path LIKE '/%' OR path LIKE '../%'"
	all, err := s.Rows(ctx, "asking for files of tables", "SELECT path FROM ("+s.engine.TableFiles(s)+")"+elsewhere)
	for _, row := range all {
		d.Folders = addFolder(d.Folders, d.Folders[0], path.Dir(row["path"]))
	}
	return err
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
