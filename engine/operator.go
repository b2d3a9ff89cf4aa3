package engine

import (
	"context"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/lull-containers/lull/quiesce"
)

// operator refuses a database that somebody manages who takes a standstill for
// a failure, unless that was allowed. Nothing is asked of the database.
func (k *Cut) operator(context.Context) error {
	if k.c.Settings.Operator == "allow" {
		return nil
	}
	pids, err := processes(k.freezer, k.pid)
	if err != nil {
		return err
	}
	e := quiesce.Evidence{Labels: k.c.Labels, Annotations: k.c.Spec.Annotations, Args: k.c.Args()}
	if p := k.c.Spec.Process; p != nil {
		e.Env = p.Env
	}
	if o, ok := quiesce.OperatorOf(e, programs(pids)); ok {
		k.impossible(fmt.Errorf("the database is managed by %s (%s), which may take a checkpoint's standstill for a failure and act; "+
			"pause the operator and set lull/operator=allow", o.Name, o.By))
	}
	return nil
}

// programs are the base names of what processes run, and of the scripts that
// interpreters among them run.
func programs(pids []int) (names []string) {
	for _, pid := range pids {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err != nil {
			continue // it has ended
		}
		words := strings.Split(string(line), "\x00")
		for _, w := range words[:min(len(words), 2)] {
			if w != "" {
				names = append(names, path.Base(w))
			}
		}
	}
	return names
}
