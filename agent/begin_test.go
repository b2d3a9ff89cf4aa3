package agent_test

import (
	"testing"

	"github.com/lull-containers/lull/agent"
)

// What was begun goes on in Open, or ends with Drop.
func TestBegin(t *testing.T) {
	cfg := agent.Config{Binary: binary(t)}
	begun := agent.Begin(cfg)
	c, err := begun.Open(within(t), target(""))
	must(t, err)
	begun.Drop()
	must(t, c.Ping(within(t)))
	must(t, c.Kill())

	before := descriptors(t)
	for range 5 {
		begun := agent.Begin(cfg)
		begun.Drop()
		begun.Drop()
	}
	eventually(t, "nothing is left of what was dropped", func() bool { return descriptors(t) <= before })

	never := agent.Begin(agent.Config{Binary: "/nonexistent/lull-agent"})
	if _, err := never.Open(within(t), target("")); err == nil {
		t.Error("a program that is not there was opened")
	}
	never.Drop()
	agent.Begin(agent.Config{Binary: "/nonexistent/lull-agent"}).Drop()
}
