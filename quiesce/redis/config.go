package redis

import (
	"context"
	"fmt"
	"path"

	"github.com/lull-containers/lull/quiesce"
)

// config is what CONFIG GET tells of how the server keeps its data.
type config map[string]string

// settings are asked for by name: among all of them there are passwords.
var settings = []string{
	"dir", "dbfilename", "save", "appendonly", "appendfsync", "appendfilename", "appenddirname",
	"maxmemory", "maxmemory-policy",
}

// configured asks once. CONFIG may be renamed or forbidden: what it would tell
// is unknown then, and the map is empty.
func (s *session) configured(ctx context.Context) (config, error) {
	if s.config != nil {
		return s.config, nil
	}
	c := config{}
	for _, name := range settings {
		got, err := s.client.ConfigGet(ctx, name).Result()
		if codeOf(err) != "" {
			c = config{}
			break
		}
		if err != nil {
			return nil, s.explain(ctx, err, "asking for its configuration")
		}
		for k, v := range got {
			c[k] = v
		}
	}
	s.config = c
	return c, nil
}

// What a cold start finds of the data.
const (
	coldAOF     = "append-only file"
	coldRDB     = "snapshot"
	coldNothing = "nothing"
	coldUnknown = "unknown"
)

// cold says what a cold start loads.
func (c config) cold(facts info) string {
	switch {
	case facts["aof_enabled"] == "1":
		return coldAOF
	case len(c) == 0:
		return coldUnknown
	case c["save"] != "":
		return coldRDB
	}
	return coldNothing
}

// folders are where the files are. The folder of the append-only files is
// below.
func (c config) folders() []string {
	if dir := c["dir"]; path.IsAbs(dir) {
		return []string{dir}
	}
	return nil
}

// warnings is what a cold start would suffer from.
func (c config) warnings(facts info, name string) (list []string) {
	switch c.cold(facts) {
	case coldNothing:
		list = append(list, name+" has neither an append-only file nor save points: the data is in the memory image only, and a cold start is empty")
	}
	if c["appendfsync"] == "no" && facts["aof_enabled"] == "1" {
		list = append(list, "appendfsync=no: a cold start after a power cut may lack acknowledged writes of half a minute")
	}
	return list
}

// checkKnown refuses a server without an append-only file that does not tell
// whether it saves.
func (s *session) checkKnown(c config, facts info) error {
	if c.cold(facts) != coldUnknown {
		return nil
	}
	return s.unknown()
}

// unknown is the refusal of a flush that nobody could call one.
func (s *session) unknown() error {
	return &quiesce.Refusal{
		Class: quiesce.ErrPrivilege,
		What:  "CONFIG GET is refused, so that it is unknown whether " + s.name() + " saves, and what there is to flush",
		Remedy: "allow it with +config|get (ACL SETUSER), give the command its name back, switch the append-only file on, " +
			"or do without with lull/require=crash-consistent",
	}
}

// checkWritten refuses a server that cannot write its append-only file.
func (s *session) checkWritten(facts info) error {
	if status := facts["aof_last_write_status"]; facts["aof_enabled"] == "1" && status != "ok" {
		return &quiesce.Refusal{
			Class:  quiesce.ErrUnsupported,
			What:   fmt.Sprintf("%s cannot write its append-only file: aof_last_write_status is %s", s.name(), status),
			Remedy: "see its log; it is often a full disk",
		}
	}
	return nil
}
