package hooks

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Stage is the point of CRIU's that a script is run at.
type Stage string

// The stages that lull has something to do at.
const (
	PreDump         Stage = "pre-dump"         // nothing is stopped yet; a failure ends the dump
	PostDump        Stage = "post-dump"        // all is written, all still stands; a failure lets it run on
	PreRestore      Stage = "pre-restore"      // nothing is made yet
	SetupNamespaces Stage = "setup-namespaces" // the namespaces are there, and nothing in them
	PostResume      Stage = "post-resume"      // the restored processes run; CRIU ignores a failure
)

// Stages lists them in the order of CRIU's.
func Stages() []Stage {
	return []Stage{PreDump, PostDump, PreRestore, SetupNamespaces, PostResume}
}

// Call is what CRIU tells a script.
type Call struct {
	Stage Stage  `json:"stage"`
	CRIU  int    `json:"criu"` // pid
	Dir   string `json:"dir"`  // of the images
	Init  int    `json:"init"` // pid of the container's first process; 0: there is none yet
}

// ParseCall reads the environment of a script.
func ParseCall(getenv func(string) string) (Call, error) {
	c := Call{Stage: Stage(getenv("CRTOOLS_SCRIPT_ACTION"))}
	link := getenv("CRTOOLS_IMAGE_DIR")
	pid, _, ok := strings.Cut(strings.TrimPrefix(link, "/proc/"), "/")
	var err error
	if c.CRIU, err = strconv.Atoi(pid); err != nil || !ok || c.CRIU <= 1 {
		return c, fmt.Errorf("CRTOOLS_IMAGE_DIR is %q: no script of CRIU's (3.19 or newer)", link)
	}
	c.Init, _ = strconv.Atoi(getenv("CRTOOLS_INIT_PID")) // absent before there is a process
	c.Init = max(c.Init, 0)
	return c, nil
}

// Arguments reads back what a script gave a guard.
func Arguments(args []string) (c Call, err error) {
	c.Stage = Stage(args[0])
	if c.CRIU, err = strconv.Atoi(args[1]); err == nil {
		c.Init, err = strconv.Atoi(args[2])
	}
	return c, err
}

// find follows the link to the folder of the images.
func (c *Call) find(link string) (err error) {
	c.Dir, err = os.Readlink(link)
	return err
}
