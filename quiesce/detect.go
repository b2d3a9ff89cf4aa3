package quiesce

import (
	"fmt"
	"slices"
	"strings"
)

// Evidence is what a container shows of itself before it runs.
type Evidence struct {
	Labels      map[string]string // containerd's, the image's among them
	Annotations map[string]string // of the OCI spec
	Image       string            // reference
	Args        []string          // of the init process
	Env         []string          // of the init process, NAME=VALUE
}

// The ways to be found, strongest first.
const (
	ByLabel       = "label"
	ByAnnotation  = "annotation"
	ByImage       = "image"
	ByArguments   = "arguments"
	ByEnvironment = "environment"
)

// Bitnami is the Variant of images that keep files and credentials in ways of
// their own.
const Bitnami = "bitnami"

// Found is a database, and how it was recognised.
type Found struct {
	Engine  string // one of Engines, or None when lull is switched off
	By      string // label, annotation, image, arguments, environment
	Variant string // of the image, where it is not the engine's plain one: postgis, bitnami …
	Detail  string // what exactly told, for people; no secret
}

// Detect says which database a container runs, if any. It is sure of little
// and careful with the rest: a client's image, or a password in an
// application's environment, makes no database. A label or annotation that
// names no engine is an error that lists those there are.
func Detect(e Evidence) (Found, bool, error) {
	if f, ok, err := named(e); ok || err != nil {
		return f, ok, err
	}
	c := commandOf(e.Args)
	if c.client() {
		return byCommands(e)
	}
	for _, look := range []func(Evidence, command) (Found, bool){byImage, byArguments, byEnvironment} {
		if f, ok := look(e, c); ok {
			return f, true, nil
		}
	}
	return byCommands(e)
}

// byCommands: whoever names commands to make a container quiet wants it quiet.
func byCommands(e Evidence) (Found, bool, error) {
	for _, from := range []struct {
		by   string
		keys map[string]string
	}{{ByLabel, e.Labels}, {ByAnnotation, e.Annotations}} {
		for _, key := range []string{LabelQuiesce, LabelRelease, LabelReady} {
			if _, ok := from.keys[key]; ok {
				return Found{Engine: Exec, By: from.by, Detail: key}, true, nil
			}
		}
	}
	return Found{}, false, nil
}

// named reads what somebody said in so many words.
func named(e Evidence) (Found, bool, error) {
	for _, from := range []struct {
		by   string
		keys map[string]string
	}{{ByLabel, e.Labels}, {ByAnnotation, e.Annotations}} {
		engine, ok := from.keys[LabelEngine]
		if !ok {
			continue
		}
		known := append(Engines(), None)
		if !slices.Contains(known, engine) {
			return Found{}, false, fmt.Errorf("the %s %s=%q names no engine: use one of %s",
				from.by, LabelEngine, engine, strings.Join(known, ", "))
		}
		return Found{Engine: engine, By: from.by, Detail: LabelEngine + "=" + engine}, true, nil
	}
	return Found{}, false, nil
}

func byImage(e Evidence, _ command) (Found, bool) {
	path := repository(e.Image)
	last := path[len(path)-1]
	engine, ok := repositories()[last]
	if !ok {
		last = withoutVersion(last)
		engine, ok = repositories()[last]
	}
	if !ok && len(path) > 1 {
		last = path[len(path)-2] + "/" + last
		engine, ok = repositories()[last]
	}
	if !ok {
		return Found{}, false
	}
	return Found{Engine: engine, By: ByImage, Variant: variant(path, last, engine), Detail: "image " + e.Image}, true
}

func byArguments(e Evidence, c command) (Found, bool) {
	engine, ok := servers()[c.name]
	if !ok {
		return Found{}, false
	}
	if engine == MySQL && environment(e.Env)["MARIADB_VERSION"] != "" {
		engine = MariaDB // whose server still answers to the old name
	}
	return Found{Engine: engine, By: ByArguments, Detail: "program " + c.name}, true
}

// byEnvironment is weak: an application's image may be made from a database's.
// It counts only where a script decides what runs.
func byEnvironment(e Evidence, c command) (Found, bool) {
	if !c.script() {
		return Found{}, false
	}
	env := environment(e.Env)
	if engine, ok := bitnami()[env["BITNAMI_APP_NAME"]]; ok {
		return Found{Engine: engine, By: ByEnvironment, Variant: Bitnami, Detail: "variable BITNAMI_APP_NAME"}, true
	}
	for _, t := range traces() {
		if t.in(env) {
			return Found{Engine: t.engine, By: ByEnvironment, Detail: "variables " + strings.Join(t.variables, ", ")}, true
		}
	}
	return Found{}, false
}

func (t trace) in(env map[string]string) bool {
	for _, name := range t.variables {
		if env[name] == "" {
			return false
		}
	}
	return true
}

func environment(list []string) map[string]string {
	env := make(map[string]string, len(list))
	for _, kv := range list {
		if name, value, ok := strings.Cut(kv, "="); ok {
			env[name] = value
		}
	}
	return env
}
