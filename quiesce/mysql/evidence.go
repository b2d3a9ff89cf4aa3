package mysql

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/mysqlproto"
)

// logs is the row of performance_schema.log_status, whose parts are of one
// instant.
type logs struct {
	local struct {
		GTID     string `json:"gtid_executed"`
		File     string `json:"binary_log_file"`
		Position uint64 `json:"binary_log_position"`
	}
	engines struct {
		InnoDB struct {
			LSN        uint64 `json:"LSN"`
			Checkpoint uint64 `json:"LSN_checkpoint"`
		} `json:"InnoDB"`
	}
}

func logStatus(ctx context.Context, s *mysqlproto.Session) (l logs, err error) {
	row, err := s.Row(ctx, "asking for log_status", "SELECT LOCAL AS local, STORAGE_ENGINES AS engines FROM performance_schema.log_status")
	if err != nil {
		return l, err
	}
	if row["local"] == "" {
		return l, &quiesce.Refusal{Class: quiesce.ErrUnsupported,
			What: "MySQL does not tell its position: performance_schema.log_status is empty", Remedy: "set performance_schema=ON and restart it"}
	}
	if err = json.Unmarshal([]byte(row["local"]), &l.local); err == nil {
		err = json.Unmarshal([]byte(row["engines"]), &l.engines)
	}
	if err != nil {
		return l, fmt.Errorf("performance_schema.log_status is not as documented: %w", err)
	}
	return l, nil
}

func (engine) Identity(_ context.Context, _ *mysqlproto.Session, variables map[string]string) (map[string]string, error) {
	return map[string]string{"server_uuid": variables["server_uuid"]}, nil
}

func (engine) Position(ctx context.Context, s *mysqlproto.Session) (map[string]string, error) {
	l, err := logStatus(ctx, s)
	if err != nil {
		return nil, err
	}
	position := map[string]string{
		"gtid_executed":         strings.Join(strings.Fields(l.local.GTID), ""),
		mysqlproto.KeyLSN:       strconv.FormatUint(l.engines.InnoDB.LSN, 10),
		mysqlproto.KeyFlushed:   strconv.FormatUint(l.engines.InnoDB.Checkpoint, 10),
		mysqlproto.KeyBinaryLog: "",
	}
	if l.local.File != "" {
		position[mysqlproto.KeyBinaryLog] = fmt.Sprintf("%s:%d", l.local.File, l.local.Position)
	}
	return position, nil
}

func (engine) TableFiles(*mysqlproto.Session) string {
	return "SELECT PATH AS path FROM information_schema.INNODB_DATAFILES"
}

// Upstreams are told without their accounts.
func (engine) Upstreams(ctx context.Context, s *mysqlproto.Session) (list []manifest.Lineage, err error) {
	all, err := s.Rows(ctx, "asking for its source", `SELECT c.CHANNEL_NAME AS channel, c.HOST AS host, c.PORT AS port, s.SERVICE_STATE AS state
		FROM performance_schema.replication_connection_configuration c
		LEFT JOIN performance_schema.replication_connection_status s ON s.CHANNEL_NAME = c.CHANNEL_NAME ORDER BY c.CHANNEL_NAME`)
	for _, r := range all {
		list = append(list, manifest.Lineage{Kind: "upstream", Name: r["host"] + ":" + r["port"],
			Detail: fmt.Sprintf("channel %q, receiver %s", r["channel"], r["state"])})
	}
	return list, err
}

// Reached asks the server, which knows how sets of GTIDs are written.
func (engine) Reached(ctx context.Context, s *mysqlproto.Session, was, is string) (bool, error) {
	row, err := s.Row(ctx, "comparing GTIDs", "SELECT GTID_SUBSET(?, ?) AS holds", was, is)
	return row["holds"] == "1", err
}
