// Command mongosh is a fake mongosh for a container with the fake mongod: it
// runs JavaScript, and knows of the shell's methods those that lull's scripts
// use. `mongosh URI --eval SCRIPT`; other options are ignored.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/dop251/goja"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// limit bounds a whole script.
const limit = time.Minute

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func run(args []string) (code int, err error) {
	uri, script := "mongodb://127.0.0.1:27017", ""
	for i, a := range args {
		switch {
		case strings.HasPrefix(a, "mongodb://"):
			uri = a
		case a == "--eval" && i+1 < len(args):
			script = args[i+1]
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	client, err := mongo.Connect(options.Client().ApplyURI(uri).SetDirect(true))
	if err != nil {
		return 1, err
	}
	defer func() { _ = client.Disconnect(ctx) }() // it ends in any case
	s := &shell{ctx, client, goja.New(), 0}
	return s.run(script)
}

// shell runs one script.
type shell struct {
	ctx    context.Context
	client *mongo.Client
	js     *goja.Runtime
	code   int // of quit
}

// quit is why a script was interrupted.
const quit = "quit"

func (s *shell) run(script string) (int, error) {
	for name, value := range map[string]any{
		"db":    s.database("test"),
		"print": func(line string) { fmt.Println(line) },
		"quit":  func(code int) { s.code = code; s.js.Interrupt(quit) },
	} {
		if err := s.js.Set(name, value); err != nil {
			return 1, err
		}
	}
	_, err := s.js.RunString(script)
	var stopped *goja.InterruptedError
	if errors.As(err, &stopped) && stopped.Value() == quit {
		return s.code, nil
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}

// database is the object of a database: manual, "Database Methods".
func (s *shell) database(name string) map[string]any {
	return map[string]any{
		"getSiblingDB": s.database,
		"runCommand":   func(command goja.Value) (any, error) { return s.command(name, command) },
		"adminCommand": func(command goja.Value) (any, error) { return s.command("admin", command) },
		"version": func() (version string, err error) {
			var answer struct{ Version string }
			err = s.client.Database("admin").RunCommand(s.ctx, bson.D{{Key: "buildInfo", Value: 1}}).Decode(&answer)
			return answer.Version, err
		},
		"getCollectionInfos": func(_ goja.Value, _ bool) (any, error) { return s.collections(name) },
	}
}

// command throws where the answer is an error, as mongosh does.
func (s *shell) command(database string, command goja.Value) (any, error) {
	text, err := command.ToObject(s.js).MarshalJSON()
	if err != nil {
		return nil, err
	}
	var d bson.D
	if err := bson.UnmarshalExtJSON(text, false, &d); err != nil {
		return nil, err
	}
	raw, err := s.client.Database(database).RunCommand(s.ctx, d).Raw()
	if err != nil {
		return nil, err
	}
	return s.value(raw)
}

// value is a document as the script sees it.
func (s *shell) value(raw bson.Raw) (any, error) {
	text, err := bson.MarshalExtJSON(raw, false, false)
	if err != nil {
		return nil, err
	}
	return s.js.RunString("(" + string(text) + ")")
}

func (s *shell) collections(database string) (any, error) {
	names, err := s.client.Database(database).ListCollectionNames(s.ctx, bson.D{})
	if err != nil {
		return nil, err
	}
	var list []any
	for _, n := range names {
		list = append(list, map[string]any{"name": n})
	}
	return s.js.ToValue(list), nil
}
