package redis

import (
	"context"
	"strconv"

	"github.com/lull-containers/lull/manifest"
)

// The keys of a position, and their names in INFO.
const (
	keyOffset  = "master_repl_offset"
	keyChanges = "rdb_changes_since_last_save"
	keySaved   = "rdb_last_save_time"
	keyEvicted = "evicted_keys"
	keyAOFSize = "aof_current_size"
	keyKeys    = "keys." // and the database: keys that never expire
	keyExpires = "expires."
)

// Evidence reads identity, position, role, lineage and durability, when no
// fork runs.
func (s *session) Evidence(ctx context.Context) (manifest.Database, error) {
	c, err := s.configured(ctx)
	if err != nil {
		return manifest.Database{}, err
	}
	if err := s.awaitChild(ctx); err != nil {
		return manifest.Database{}, err
	}
	facts, err := s.look(ctx)
	if err != nil {
		return manifest.Database{}, err
	}
	return manifest.Database{
		Engine: s.engine, Version: s.version(), Role: role(facts),
		Identity: identity(facts), Position: position(facts),
		Durability: c.durability(facts), Folders: c.folders(), Lineage: lineage(facts),
	}, nil
}

// identity is the process's: run_id is made anew by every start, and a
// restored process has the one of its image.
func identity(facts info) map[string]string {
	id := map[string]string{"run_id": facts["run_id"], "redis_version": facts["redis_version"]}
	if v := facts["valkey_version"]; v != "" {
		id["valkey_version"] = v
	}
	if role(facts) == "primary" { // a replica takes over that of its primary
		id["master_replid"] = facts["master_replid"]
	}
	return id
}

func position(facts info) map[string]string {
	p := map[string]string{}
	for _, key := range []string{keyOffset, keyChanges, keySaved, keyEvicted, keyAOFSize} {
		if v := facts[key]; v != "" {
			p[key] = v
		}
	}
	for _, db := range facts.numbered("db") {
		count := fields(facts[db])
		keys, _ := strconv.ParseInt(count["keys"], 10, 64)
		expires, _ := strconv.ParseInt(count["expires"], 10, 64)
		p[keyKeys+db] = strconv.FormatInt(keys-expires, 10)
		p[keyExpires+db] = count["expires"]
	}
	return p
}

func (c config) durability(facts info) map[string]string {
	d := map[string]string{"cold_start": c.cold(facts), "aof_enabled": facts["aof_enabled"]}
	for _, name := range settings {
		if v, told := c[name]; told && name != "dir" {
			d[name] = v
		}
	}
	return d
}

// lineage names replicas and the primary.
func lineage(facts info) (list []manifest.Lineage) {
	for _, name := range facts.numbered("slave") {
		f := fields(facts[name])
		list = append(list, manifest.Lineage{Kind: "replica", Name: f["ip"] + ":" + f["port"], Detail: f["state"]})
	}
	if role(facts) == "replica" {
		list = append(list, manifest.Lineage{Kind: "upstream", Name: facts["master_host"] + ":" + facts["master_port"],
			Detail: "link " + facts["master_link_status"]})
	}
	return list
}
