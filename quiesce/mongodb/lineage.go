package mongodb

import "github.com/lull-containers/lull/manifest"

// lineage names the other members of the replica set, and that there is a
// sharded cluster around it.
func lineage(config replicaConfig, replica replicaStatus, status serverStatus) (list []manifest.Lineage) {
	self, primary := "", false
	for _, m := range replica.Members {
		if m.Self {
			self, primary = m.Source, m.State == "PRIMARY"
		}
	}
	for _, m := range replica.Members {
		if m.Self {
			continue
		}
		kind := "replica"
		if !primary && (m.State == "PRIMARY" || m.Name == self) {
			kind = "upstream"
		}
		list = append(list, manifest.Lineage{Kind: kind, Name: m.Name, Detail: "member of the replica set " + replica.Set + ", " + m.State})
	}
	if status.Sharding != nil || config.ConfigServer {
		list = append(list, manifest.Lineage{Kind: "upstream", Name: "sharded cluster", Detail: "a shard, or its config servers: the other parts go on without it"})
	}
	return list
}
