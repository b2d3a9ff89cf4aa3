package fakemongod

import (
	"crypto/rand"
	"encoding/base64"
	"slices"

	"github.com/xdg-go/scram"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// User is an account of the database admin.
type User struct {
	Name, Password string
	Actions        []string // on the cluster; none: all, as the role root
	Blind          bool     // may read no documents, the oplog's neither
}

// The actions of a role that anybody has.
const (
	forAnybody = ""    // before any login too
	forUsers   = "any" // for whoever is logged in
	forReaders = "find"
)

// may checks a privilege: manual, "Privilege Actions".
func (c *conn) may(db, command, action string) error {
	if len(c.server.Users) == 0 || action == forAnybody {
		return nil
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	switch {
	case c.user == nil:
		return fails(13, "Unauthorized", "Command %s requires authentication", command)
	case action == forReaders && c.user.Blind:
		return unauthorized(db, command)
	case action == forUsers || action == forReaders || len(c.user.Actions) == 0 || slices.Contains(c.user.Actions, action):
		return nil
	}
	return unauthorized(db, command)
}

func (c *conn) userName() string {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if c.user == nil {
		return ""
	}
	return c.user.Name
}

func (s *server) user(name string) *User {
	for i := range s.Users {
		if s.Users[i].Name == name {
			return &s.Users[i]
		}
	}
	return nil
}

// rounds of SCRAM-SHA-256, MongoDB's default.
const rounds = 15000

// saslStart and saslContinue: SCRAM-SHA-256 of RFC 7677, as the manual's
// "SCRAM" says.
func (s *server) saslStart(o *operation) (bson.D, error) {
	if m := text(o.command, "mechanism"); m != "SCRAM-SHA-256" {
		return nil, fails(2, "BadValue", "Received authentication for mechanism %s which is not enabled", m)
	}
	server, err := scram.SHA256.NewServer(s.credentials)
	if err != nil {
		return nil, err
	}
	o.conn.login = server.NewConversation()
	return s.saslContinue(o)
}

func (s *server) credentials(name string) (scram.StoredCredentials, error) {
	u := s.user(name)
	if u == nil {
		return scram.StoredCredentials{}, authenticationFailed()
	}
	client, err := scram.SHA256.NewClient(u.Name, u.Password, "")
	if err != nil {
		return scram.StoredCredentials{}, err
	}
	salt := make([]byte, 28)
	if _, err := rand.Read(salt); err != nil {
		return scram.StoredCredentials{}, err
	}
	return client.GetStoredCredentialsWithError(scram.KeyFactors{Salt: base64.StdEncoding.EncodeToString(salt), Iters: rounds})
}

func authenticationFailed() error { return fails(18, "AuthenticationFailed", "Authentication failed.") }

func (s *server) saslContinue(o *operation) (bson.D, error) {
	login := o.conn.login
	if login == nil {
		return nil, fails(17, "ProtocolError", "No SASL session state found")
	}
	said, _ := get(o.command, "payload").(bson.Binary)
	if login.Done() {
		return bson.D{{Key: "conversationId", Value: int32(1)}, {Key: "done", Value: true}, {Key: "payload", Value: bson.Binary{}}}, nil
	}
	answer, err := login.Step(string(said.Data))
	if err != nil {
		o.conn.login = nil
		return nil, authenticationFailed()
	}
	if login.Done() {
		if !login.Valid() {
			return nil, authenticationFailed()
		}
		s.mu.Lock()
		o.conn.user = s.user(login.Username())
		s.mu.Unlock()
	}
	return bson.D{
		{Key: "conversationId", Value: int32(1)}, {Key: "done", Value: login.Done()},
		{Key: "payload", Value: bson.Binary{Data: []byte(answer)}},
	}, nil
}
