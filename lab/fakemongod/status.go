package fakemongod

import (
	"fmt"
	"os"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// version is what the fake says that it is: its semantics are those of 8.0's
// manual.
const version = "8.0.0-fake"

func (s *server) name() string { return fmt.Sprintf("localhost:%d", s.port) }

// state is the member's, by the manual's "Replica Set Member States".
func (s *server) state() (int32, string) {
	switch {
	case s.Arbiter:
		return 7, "ARBITER"
	case s.State == "":
		return 1, "PRIMARY"
	}
	for n, name := range map[int32]string{0: "STARTUP", 2: "SECONDARY", 3: "RECOVERING", 5: "STARTUP2", 9: "ROLLBACK"} {
		if name == s.State {
			return n, name
		}
	}
	return 6, "UNKNOWN"
}

// hello: manual, "hello".
func (s *server) hello(o *operation) (bson.D, error) {
	if client := document(o.command, "client"); client != nil {
		s.mu.Lock()
		o.conn.app = text(document(client, "application"), "name")
		s.mu.Unlock()
	}
	number, state := s.state()
	d := bson.D{
		{Key: "helloOk", Value: true}, {Key: "isWritablePrimary", Value: number == 1}, {Key: "ismaster", Value: number == 1},
		{Key: "maxBsonObjectSize", Value: int32(16 << 20)}, {Key: "maxMessageSizeBytes", Value: int32(maxMessage)},
		{Key: "maxWriteBatchSize", Value: int32(100000)}, {Key: "localTime", Value: time.Now()},
		{Key: "logicalSessionTimeoutMinutes", Value: int32(30)}, {Key: "connectionId", Value: o.conn.id},
		{Key: "minWireVersion", Value: int32(0)}, {Key: "maxWireVersion", Value: int32(25)}, {Key: "readOnly", Value: false},
	}
	switch {
	case s.Mongos:
		d = append(d, bson.E{Key: "msg", Value: "isdbgrid"})
	case s.Set != "":
		d = append(d,
			bson.E{Key: "setName", Value: s.Set}, bson.E{Key: "setVersion", Value: int32(1)}, bson.E{Key: "secondary", Value: state == "SECONDARY"},
			bson.E{Key: "hosts", Value: bson.A{s.name()}}, bson.E{Key: "me", Value: s.name()})
	}
	if s.Arbiter {
		d = append(d, bson.E{Key: "arbiterOnly", Value: true})
	}
	if text(o.command, "saslSupportedMechs") != "" {
		d = append(d, bson.E{Key: "saslSupportedMechs", Value: bson.A{"SCRAM-SHA-256"}})
	}
	return d, nil
}

// buildInfo: manual, "buildInfo".
func (s *server) buildInfo(*operation) (bson.D, error) {
	return bson.D{{Key: "version", Value: version}, {Key: "versionArray", Value: bson.A{int32(8), int32(0), int32(0), int32(0)}}, {Key: "modules", Value: bson.A{}}}, nil
}

// connectionStatus: manual, "connectionStatus", with showPrivileges.
func (s *server) connectionStatus(o *operation) (bson.D, error) {
	users, privileges := bson.A{}, bson.A{}
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := o.conn.user; u != nil {
		users = append(users, bson.D{{Key: "user", Value: u.Name}, {Key: "db", Value: "admin"}})
		actions := bson.A{}
		for _, a := range u.Actions {
			actions = append(actions, a)
		}
		if len(u.Actions) == 0 {
			for _, c := range commands() {
				actions = append(actions, c.action)
			}
		}
		privileges = append(privileges, bson.D{{Key: "resource", Value: bson.D{{Key: "cluster", Value: true}}}, {Key: "actions", Value: actions}})
	}
	return bson.D{{Key: "authInfo", Value: bson.D{{Key: "authenticatedUsers", Value: users}, {Key: "authenticatedUserPrivileges", Value: privileges}}}}, nil
}

// serverStatus: manual, "serverStatus", as far as lull reads it.
func (s *server) serverStatus(*operation) (bson.D, error) {
	s.store.mu.Lock()
	flushes := s.store.flushes
	s.store.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	host, _ := os.Hostname()
	d := bson.D{
		{Key: "host", Value: host}, {Key: "version", Value: version}, {Key: "process", Value: "mongod"}, {Key: "pid", Value: int64(os.Getpid())},
		{Key: "uptimeMillis", Value: time.Since(s.began).Milliseconds()},
		{Key: "storageEngine", Value: bson.D{{Key: "name", Value: "wiredTiger"}, {Key: "persistent", Value: true}, {Key: "backupCursorOpen", Value: s.backup}}},
		{Key: "wiredTiger", Value: bson.D{{Key: "checkpoint", Value: bson.D{{Key: "total succeed number of checkpoints", Value: flushes}}}}},
	}
	if s.Set != "" {
		d = append(d, bson.E{Key: "repl", Value: bson.D{{Key: "setName", Value: s.Set}, {Key: "me", Value: s.name()}}})
	}
	return d, nil
}

func (s *server) noSet() error {
	return fails(76, "NoReplicationEnabled", "not running with --replSet")
}

// replSetGetStatus: manual, "replSetGetStatus".
func (s *server) replSetGetStatus(*operation) (bson.D, error) {
	if s.Set == "" {
		return nil, s.noSet()
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	number, name := s.state()
	at := bson.D{{Key: "ts", Value: s.store.last}, {Key: "t", Value: s.store.term}}
	return bson.D{
		{Key: "set", Value: s.Set}, {Key: "myState", Value: number}, {Key: "term", Value: s.store.term},
		{Key: "optimes", Value: bson.D{{Key: "lastCommittedOpTime", Value: at}, {Key: "appliedOpTime", Value: at}, {Key: "durableOpTime", Value: at}}},
		{Key: "lastStableRecoveryTimestamp", Value: s.store.stable},
		{Key: "members", Value: bson.A{bson.D{
			{Key: "_id", Value: int32(0)}, {Key: "name", Value: s.name()}, {Key: "state", Value: number}, {Key: "stateStr", Value: name}, {Key: "self", Value: true},
		}}},
	}, nil
}

// replSetGetConfig: manual, "replSetGetConfig".
func (s *server) replSetGetConfig(*operation) (bson.D, error) {
	if s.Set == "" {
		return nil, s.noSet()
	}
	return bson.D{{Key: "config", Value: bson.D{
		{Key: "_id", Value: s.Set}, {Key: "version", Value: int32(1)}, {Key: "term", Value: s.store.term},
		{Key: "members", Value: bson.A{bson.D{{Key: "_id", Value: int32(0)}, {Key: "host", Value: s.name()}}}},
		{Key: "writeConcernMajorityJournalDefault", Value: true},
		{Key: "settings", Value: bson.D{{Key: "electionTimeoutMillis", Value: int32(10000)}, {Key: "replicaSetId", Value: s.store.setID}}},
	}}}, nil
}

// getCmdLineOpts: manual, "getCmdLineOpts".
func (s *server) getCmdLineOpts(*operation) (bson.D, error) {
	return bson.D{{Key: "argv", Value: bson.A{"mongod"}}, {Key: "parsed", Value: bson.D{{Key: "storage", Value: bson.D{{Key: "dbPath", Value: s.Folder}}}}}}, nil
}

// getDefaultRWConcern: manual, "getDefaultRWConcern".
func (s *server) getDefaultRWConcern(*operation) (bson.D, error) {
	return bson.D{{Key: "defaultWriteConcern", Value: bson.D{{Key: "w", Value: "majority"}, {Key: "wtimeout", Value: int32(0)}}}}, nil
}

// getParameter: manual, "getParameter".
func (s *server) getParameter(*operation) (bson.D, error) {
	return bson.D{{Key: "journalCommitInterval", Value: int32(100)}}, nil
}
