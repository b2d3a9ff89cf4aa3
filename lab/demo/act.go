package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/lull-containers/lull/lab/demo/screen"
	"github.com/lull-containers/lull/test/ledger"
)

// act is one act while it is played.
type act struct {
	*stage
	result *Act

	db    *database
	load  *load // nil until there is a database
	began time.Duration
	marks []screen.Mark

	before   []ledger.Answer // the tutorial's, at the cut
	cut      ledger.Rollback // when the checkpoint was made
	mustUndo bool            // the database was written to since
}

// step is one line of an act.
type step func(context.Context) error

func (a *act) play(ctx context.Context, steps []step) error {
	for _, do := range steps {
		if err := do(ctx); err != nil {
			return err
		}
	}
	a.conclude()
	a.last = a
	return nil
}

// leave ends an act that went wrong. Clients of a database that stands still
// would be waited for until their patience ends: nobody waits for them.
func (a *act) leave() {
	if a.load != nil {
		go a.load.stop()
	}
}

// run starts a database and makes its tables.
func (a *act) run(id string, onVolume bool) step {
	return func(ctx context.Context) error {
		args, err := a.runCommand(id, onVolume)
		if err != nil {
			return err
		}
		if _, err := a.do(ctx, args...); err != nil {
			return err
		}
		a.db = a.database(id)
		a.load = newLoad(a.db, a.lab.Path("pgbench"))
		return a.fill(ctx)
	}
}

func (a *act) runCommand(id string, onVolume bool) ([]string, error) {
	args := []string{"ctr", "run", "--detach", "--env-file", a.envFile()}
	if onVolume {
		dir, err := a.volume(id)
		if err != nil {
			return nil, err
		}
		args = append(args, "--mount", fmt.Sprintf("type=bind,src=%s,dst=%s,options=rbind", dir, dataDir))
	}
	return append(args, image, id), nil
}

func (a *act) fill(ctx context.Context) error {
	stop := a.say.Live("PostgreSQL initialises itself,", nil)
	err := a.db.answers(ctx)
	stop()
	if err != nil {
		return err
	}
	a.say.Say("The tutorial's table test_data, the ledger's tables, and pgbench's:")
	a.inNamespace("pgbench", "-i", "-q", "-s", fmt.Sprint(a.load.bench.Scale))
	defer a.say.Live("making tables", nil)()
	return a.load.setUp(ctx)
}

// inNamespace shows a command that runs in the container's network namespace.
func (a *act) inNamespace(args ...string) {
	path, err := a.db.netns()
	if err == nil {
		a.say.Command(append([]string{"nsenter", "--net=" + path}, args...))
	}
}

// goOn takes over the database that the act before left running.
func (a *act) goOn(context.Context) error {
	a.db, a.load = a.last.db, a.last.load
	return nil
}

// writes starts the load, or lets it go on, for a while.
func (a *act) writes(atLeast time.Duration, why string) step {
	return func(ctx context.Context) error {
		a.say.Say("%s", why)
		if a.load.entries == nil {
			a.begin()
			a.inNamespace("pgbench", "-n", "-c", fmt.Sprint(a.load.bench.Clients), "-T", "86400")
			if err := a.load.start(ctx); err != nil {
				return err
			}
		}
		defer a.say.Live("", a.status)()
		return a.load.write(ctx, atLeast)
	}
}

// begin is where the picture of the act begins.
func (a *act) begin() {
	if a.began == 0 {
		a.began = a.load.log.Now()
	}
}
