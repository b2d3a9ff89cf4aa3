package mariadb

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce/internal/mysqlproto"
)

// Identity has to do without a uuid, of which MariaDB has none that belongs to
// its files: server_uid is made of the machine's network card and the port. The
// instant at which the system tables were made stands in, to the second.
func (engine) Identity(ctx context.Context, s *mysqlproto.Session, variables map[string]string) (map[string]string, error) {
	row, err := s.Row(ctx, "asking when it was made",
		"SELECT UNIX_TIMESTAMP(MIN(CREATE_TIME)) AS made FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'mysql'")
	return map[string]string{"server_id": variables["server_id"], "data_made": row["made"]}, err
}

func (e engine) Position(ctx context.Context, s *mysqlproto.Session) (map[string]string, error) {
	position, err := s.Variables(ctx, "gtid_binlog_pos", "gtid_current_pos", "gtid_slave_pos")
	if err != nil {
		return nil, err
	}
	binary, err := s.Row(ctx, "asking for the binary log", "SHOW MASTER STATUS")
	if err != nil {
		return nil, err
	}
	if binary["file"] != "" {
		position[mysqlproto.KeyBinaryLog] = binary["file"] + ":" + binary["position"]
	}
	l, err := e.Log(ctx, s)
	position[mysqlproto.KeyLSN] = strconv.FormatUint(l.Current, 10)
	position[mysqlproto.KeyFlushed] = strconv.FormatUint(l.Checkpoint, 10)
	return position, err
}

func (engine) TableFiles(s *mysqlproto.Session) string {
	if s.Number() < 100600 {
		return "SELECT PATH AS path FROM information_schema.INNODB_SYS_DATAFILES"
	}
	return "SELECT FILENAME AS path FROM information_schema.INNODB_SYS_TABLESPACES"
}

// Upstreams are told without their accounts.
func (engine) Upstreams(ctx context.Context, s *mysqlproto.Session) (list []manifest.Lineage, err error) {
	all, err := s.Rows(ctx, "asking for its source", "SHOW ALL SLAVES STATUS")
	for _, r := range all {
		list = append(list, manifest.Lineage{Kind: "upstream", Name: r["master_host"] + ":" + r["master_port"],
			Detail: fmt.Sprintf("connection %q, receiver %s", r["connection_name"], r["slave_io_running"])})
	}
	return list, err
}

// Reached compares positions domain by domain.
func (engine) Reached(_ context.Context, _ *mysqlproto.Session, was, is string) (bool, error) {
	found := domains(is)
	for domain, sequence := range domains(was) {
		if now, ok := found[domain]; !ok || now < sequence {
			return false, nil
		}
	}
	return true, nil
}

// domains reads DOMAIN-SERVER-SEQUENCE,…; of a domain the highest counts.
func domains(text string) map[string]uint64 {
	list := map[string]uint64{}
	for gtid := range strings.SplitSeq(text, ",") {
		if part := strings.Split(gtid, "-"); len(part) == 3 {
			list[part[0]] = max(list[part[0]], mysqlproto.Uint(part[2]))
		}
	}
	return list
}
