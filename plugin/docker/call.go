package docker

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// verb is what a call asks of a container, as far as lull cares.
type verb int

const (
	other verb = iota
	checkpoint
	restore
	start
	remove
	prune
)

// call is one call of Docker's API.
type call struct {
	verb verb
	Call
}

// Call is what an Advisor is asked about.
type Call struct {
	Container  string // as the user named it: name, id or its beginning
	Checkpoint string // its name
	Folder     string // of checkpoints, where the user named one
	Exit       bool   // the checkpoint stops the container
}

// pattern is the part of the API that lull cares about, of any version.
var pattern = regexp.MustCompile(`^(?:/v[0-9.]+)?/containers/([^/]+)(/checkpoints|/start)?/?$`)

// read understands a call. Whatever it does not understand is somebody else's.
func read(method, uri string, body []byte) call {
	u, err := url.ParseRequestURI(uri)
	if err != nil {
		return call{}
	}
	m := pattern.FindStringSubmatch(u.EscapedPath())
	if m == nil {
		return call{}
	}
	name, err := url.PathUnescape(m[1])
	if err != nil {
		return call{}
	}
	c := call{Call: Call{Container: strings.TrimPrefix(name, "/")}}
	switch method + m[2] {
	case http.MethodPost + "/checkpoints":
		return c.checkpoint(body)
	case http.MethodPost + "/start":
		return c.start(u.Query())
	case http.MethodDelete:
		c.verb = remove
	case http.MethodPost:
		if c.Container == "prune" { // of all that do not run
			c = call{verb: prune}
		}
	}
	return c
}

func (c call) checkpoint(body []byte) call {
	var b struct {
		CheckpointID, CheckpointDir string
		Exit                        bool
	}
	if json.Unmarshal(body, &b) == nil {
		c.verb, c.Checkpoint, c.Folder, c.Exit = checkpoint, b.CheckpointID, b.CheckpointDir, b.Exit
	}
	return c
}

func (c call) start(q url.Values) call {
	c.verb, c.Checkpoint, c.Folder = start, q.Get("checkpoint"), q.Get("checkpoint-dir")
	if c.Checkpoint != "" {
		c.verb = restore
	}
	return c
}
