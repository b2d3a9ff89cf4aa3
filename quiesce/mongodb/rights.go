package mongodb

import (
	"context"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lull-containers/lull/quiesce"
)

// Actions on the cluster that are needed: always, for the fence, and to
// terminate transactions. hostManager and clusterMonitor have them all.
var (
	always    = []string{"fsync", "inprog", "serverStatus", "replSetGetStatus", "replSetGetConfig"}
	forFence  = []string{"unlock", "killop"}
	terminate = []string{"killAnySession"}
)

// privileges are what connectionStatus tells.
type privileges struct {
	Info struct {
		Users []struct {
			User string `bson:"user"`
			DB   string `bson:"db"`
		} `bson:"authenticatedUsers"`
		Privileges []struct {
			Resource struct {
				Cluster bool `bson:"cluster"`
				Any     bool `bson:"anyResource"`
			} `bson:"resource"`
			Actions []string `bson:"actions"`
		} `bson:"authenticatedUserPrivileges"`
	} `bson:"authInfo"`
}

func (p privileges) has(action string) bool {
	for _, each := range p.Info.Privileges {
		if (each.Resource.Cluster || each.Resource.Any) &&
			(slices.Contains(each.Actions, action) || slices.Contains(each.Actions, "anyAction")) {
			return true
		}
	}
	return false
}

// allowed asks for privileges on the cluster. Nobody is logged in where no
// login is asked for, and everything is allowed then; where a login is asked
// for, the first command says so.
func (s *session) allowed(ctx context.Context, actions []string) error {
	var p privileges
	err := s.admin(ctx, "asking for its privileges", bson.D{{Key: "connectionStatus", Value: 1}, {Key: "showPrivileges", Value: true}}, &p)
	if err != nil || len(p.Info.Users) == 0 {
		return err
	}
	for _, a := range actions {
		if !p.has(a) {
			return &quiesce.Refusal{Class: quiesce.ErrPrivilege,
				What:   fmt.Sprintf("the user %s of the database %s may not do %s", p.Info.Users[0].User, p.Info.Users[0].DB, a),
				Remedy: s.grant()}
		}
	}
	return nil
}

// grant is the statement that helps.
func (s *session) grant() string {
	return fmt.Sprintf(`db.getSiblingDB(%q).grantRolesToUser(%q, [{role: "hostManager", db: "admin"}, {role: "clusterMonitor", db: "admin"}])`,
		s.login.source, s.login.user)
}
