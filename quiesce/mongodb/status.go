package mongodb

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// serverStatus is what is read of the command of that name. The command is
// told to leave out what is large.
type serverStatus struct {
	Host   string `bson:"host"`
	PID    int64  `bson:"pid"`
	Engine struct {
		Name       string `bson:"name"`
		Persistent bool   `bson:"persistent"`
		Backup     bool   `bson:"backupCursorOpen"`
	} `bson:"storageEngine"`
	Sharding *bson.RawValue `bson:"sharding"`
}

func (s *session) status(ctx context.Context) (serverStatus, error) {
	var status serverStatus
	command := bson.D{{Key: "serverStatus", Value: 1}}
	for _, large := range []string{"wiredTiger", "metrics", "locks", "tcmalloc", "opcounters", "network", "opLatencies"} {
		command = append(command, bson.E{Key: large, Value: 0})
	}
	err := s.admin(ctx, "asking for its status", command, &status)
	return status, err
}

// optime is a place in the oplog: the term decides, then the time.
type optime struct {
	TS   bson.Timestamp `bson:"ts"`
	Term int64          `bson:"t"`
}

func (o optime) String() string { return fmt.Sprintf("%d:%d.%d", o.Term, o.TS.T, o.TS.I) }

// replicaStatus is what is read of replSetGetStatus.
type replicaStatus struct {
	Set     string `bson:"set"`
	State   int    `bson:"myState"`
	Term    int64  `bson:"term"`
	Optimes struct {
		Committed optime `bson:"lastCommittedOpTime"`
		Applied   optime `bson:"appliedOpTime"`
		Durable   optime `bson:"durableOpTime"`
	} `bson:"optimes"`
	Stable  bson.Timestamp `bson:"lastStableRecoveryTimestamp"`
	Members []member       `bson:"members"`
}

type member struct {
	Name   string `bson:"name"`
	State  string `bson:"stateStr"`
	Self   bool   `bson:"self"`
	Source string `bson:"syncSourceHost"`
}

// state is the member's own, in words.
func (r replicaStatus) state() string {
	for _, m := range r.Members {
		if m.Self {
			return m.State
		}
	}
	return fmt.Sprint(r.State)
}

// replicaStatus is empty for a server that is in no replica set.
func (s *session) replicaStatus(ctx context.Context) (replicaStatus, error) {
	var r replicaStatus
	if s.hello.Set == "" {
		return r, nil
	}
	err := s.admin(ctx, "asking for the state of its replica set", one("replSetGetStatus"), &r)
	if standalone(err) {
		err = nil
	}
	return r, err
}

// replicaConfig is what is read of replSetGetConfig.
type replicaConfig struct {
	Name    string `bson:"_id"`
	Version int64  `bson:"version"`
	Term    int64  `bson:"term"`
	Members []struct {
		Host    string `bson:"host"`
		Arbiter bool   `bson:"arbiterOnly"`
		Hidden  bool   `bson:"hidden"`
	} `bson:"members"`
	ConfigServer   bool  `bson:"configsvr"`
	JournalDefault *bool `bson:"writeConcernMajorityJournalDefault"`
	Settings       struct {
		ID bson.ObjectID `bson:"replicaSetId"`
	} `bson:"settings"`
}

func (s *session) replicaConfig(ctx context.Context) (replicaConfig, error) {
	var answer struct {
		Config replicaConfig `bson:"config"`
	}
	if s.hello.Set == "" {
		return answer.Config, nil
	}
	err := s.admin(ctx, "asking for the configuration of its replica set", one("replSetGetConfig"), &answer)
	if standalone(err) {
		err = nil
	}
	return answer.Config, err
}
