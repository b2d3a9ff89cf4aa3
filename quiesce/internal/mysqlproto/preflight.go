package mysqlproto

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lull-containers/lull/quiesce"
)

// Preflight refuses a server that cannot be checkpointed as it is: locked by
// somebody (ErrBusy), without a redo log or with tables that are links to files
// elsewhere (ErrUnsupported), or with an account that may not do what is needed
// (ErrPrivilege).
func (s *Session) Preflight(ctx context.Context) (quiesce.Report, error) {
	for _, check := range []func(context.Context) error{s.checkRights, s.checkRedo, s.checkBusy} {
		if err := check(ctx); err != nil {
			return quiesce.Report{}, err
		}
	}
	role, err := s.role(ctx)
	if err != nil {
		return quiesce.Report{}, err
	}
	warnings, err := s.warnings(ctx)
	return quiesce.Report{Version: s.version, Role: role, Warnings: warnings}, err
}

func (s *Session) checkBusy(ctx context.Context) error { return s.engine.Busy(ctx, s) }

// checkRights compares what the account has on *.*, roles included, with what
// is needed.
func (s *Session) checkRights(ctx context.Context) error {
	all, err := s.Rows(ctx, "asking for privileges", "SHOW GRANTS")
	if err != nil {
		return err
	}
	has := map[string]bool{}
	for _, row := range all {
		for _, line := range row {
			collect(has, line)
		}
	}
	missing := slices.DeleteFunc(slices.Clone(s.engine.Privileges()), func(p string) bool { return has["ALL PRIVILEGES"] || has[p] })
	if len(missing) == 0 {
		return nil
	}
	return &quiesce.Refusal{
		Class:  quiesce.ErrPrivilege,
		What:   fmt.Sprintf("the account %s lacks %s", s.account, strings.Join(missing, ", ")),
		Remedy: s.grant(missing),
	}
}

// collect reads one line of SHOW GRANTS.
func collect(has map[string]bool, line string) {
	list, ok := strings.CutPrefix(line, "GRANT ")
	list, _, everywhere := strings.Cut(list, " ON *.* ")
	if !ok || !everywhere {
		return
	}
	for p := range strings.SplitSeq(list, ",") {
		has[strings.TrimSpace(p)] = true
	}
}

func (s *Session) grant(privileges []string) string {
	return fmt.Sprintf("GRANT %s ON *.* TO %s", strings.Join(privileges, ", "), s.account)
}

func (s *Session) checkRedo(ctx context.Context) error {
	status, err := s.Status(ctx, "Innodb_redo_log_enabled")
	if err != nil || status["Innodb_redo_log_enabled"] != "OFF" {
		return err
	}
	return &quiesce.Refusal{
		Class:  quiesce.ErrUnsupported,
		What:   "the redo log is switched off: a cold start from the files would be impossible",
		Remedy: "ALTER INSTANCE ENABLE INNODB REDO_LOG",
	}
}

// checkLinks refuses tables of engines that make symbolic links of DATA
// DIRECTORY: a capture would have the links alone. Those of InnoDB are known by
// their files. It is asked of servers that have such engines' tables, because
// every table is opened for it.
func (s *Session) checkLinks(ctx context.Context) error {
	row, err := s.Row(ctx, "asking for symbolic links", "SELECT @@GLOBAL.have_symlink AS allowed")
	if err != nil || row["allowed"] != "YES" {
		return err
	}
	row, err = s.Row(ctx, "looking for tables that are links", `SELECT COUNT(*) AS n, MIN(CONCAT(TABLE_SCHEMA, '.', TABLE_NAME)) AS one
		FROM information_schema.TABLES WHERE ENGINE IN ('MyISAM', 'Aria') AND CREATE_OPTIONS LIKE '% DIRECTORY=%'
		AND TABLE_SCHEMA NOT IN `+systemSchemas)
	if err != nil || row["n"] == "0" {
		return err
	}
	return &quiesce.Refusal{
		Class:  quiesce.ErrUnsupported,
		What:   fmt.Sprintf("%s table(s) are links to files in another folder (DATA DIRECTORY), %s among them: they would not be captured", row["n"], row["one"]),
		Remedy: "make them tables of InnoDB, or make them anew without DATA DIRECTORY",
	}
}

// warnings is what works, and what people should know of it.
func (s *Session) warnings(ctx context.Context) ([]string, error) {
	v, err := s.Variables(ctx, "innodb_flush_log_at_trx_commit", "sync_binlog", "log_bin", "innodb_doublewrite",
		"innodb_use_native_aio", "read_only", "super_read_only", "wsrep_on", "group_replication_group_name")
	if err != nil {
		return nil, err
	}
	var list []string
	for _, w := range []struct {
		when bool
		text string
	}{
		{v["innodb_flush_log_at_trx_commit"] != "1", "innodb_flush_log_at_trx_commit is not 1: a cold start after a power cut may lack the last acknowledged commits"},
		{v["log_bin"] == "ON" && v["sync_binlog"] != "1", "sync_binlog is not 1: a cold start after a power cut may lack the end of the binary log"},
		{v["innodb_doublewrite"] == "OFF", "innodb_doublewrite=OFF: a cold start after a power cut may find torn pages"},
		{v["innodb_use_native_aio"] == "ON", "innodb_use_native_aio=ON: a checkpoint waits for a moment without a request under way, and io_uring cannot be dumped; innodb_use_native_aio=0 is always safe"},
		{v["super_read_only"] == "ON" || v["read_only"] == "ON", "the server is read-only; it stays so"},
		{v["wsrep_on"] == "ON", "a Galera node: the others evict it when it is frozen for longer than evs.suspect_timeout (5 s)"},
		{v["group_replication_group_name"] != "", "a member of Group Replication: the others expel it when it is frozen for more than about 5 s"},
		{s.number >= s.engine.Untested(), s.engine.Product() + " " + s.version + " is newer than what lull was tested with"},
	} {
		if w.when {
			list = append(list, w.text)
		}
	}
	engines, err := s.volatileTables(ctx)
	return append(list, engines...), err
}

// volatileTables warns of tables that no redo log protects.
func (s *Session) volatileTables(ctx context.Context) (list []string, err error) {
	all, err := s.Rows(ctx, "asking for storage engines", `SELECT ENGINE AS engine, COUNT(*) AS n FROM information_schema.TABLES
		WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND ENGINE NOT IN ('InnoDB', 'ROCKSDB', 'PERFORMANCE_SCHEMA')
		AND TABLE_SCHEMA NOT IN `+systemSchemas+` GROUP BY ENGINE ORDER BY ENGINE`)
	for _, r := range all {
		what := "a cold start may have to repair them"
		if r["engine"] == "MEMORY" {
			what = "a cold start finds them empty"
		}
		list = append(list, fmt.Sprintf("%s table(s) of the engine %s: %s", r["n"], r["engine"], what))
	}
	links := func(r Row) bool { return r["engine"] == "MyISAM" || r["engine"] == "Aria" }
	if err == nil && slices.ContainsFunc(all, links) {
		err = s.checkLinks(ctx)
	}
	return list, err
}
