package redis_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/quiesce"
)

// rights are those that the documentation names, one by one.
var rights = []string{"+ping", "+info", "+multi", "+discard", "+client|setname", "+client|pause", "+client|unpause", "+config|get", "+bgsave"}

// account makes the user lull with some rights and gives the target for it.
func (s *server) account(t *testing.T, rights ...string) quiesce.Target {
	t.Helper()
	words := []any{"ACL", "SETUSER", "lull", "reset", "on", ">" + canary}
	for _, r := range rights {
		words = append(words, r)
	}
	must(t, s.connect(t, "harness").Do(within(t), words...).Err())
	target := s.Target()
	target.User, target.Password, target.Env = "lull", canary, nil
	return target
}

// round does everything that a checkpoint asks for.
func round(t *testing.T, session quiesce.Session) error {
	_, err := session.Preflight(within(t))
	if err != nil {
		return err
	}
	plan, err := session.Plan(within(t), true, time.Minute)
	if err != nil {
		return err
	}
	_, err = session.Fence(within(t), time.Minute)
	for _, step := range []func() error{
		func() error { return session.Flush(within(t)) },
		func() error { _, err := session.Evidence(within(t)); return err },
		func() error { return session.Ping(within(t)) },
		func() error { return session.Release(within(t), plan) },
	} {
		if err == nil {
			err = step()
		}
	}
	return err
}

func TestAccountWithTheRightsThatAreDocumented(t *testing.T) {
	eachFenced(t, []string{"--save", "3600", "1000000"}, func(t *testing.T, s *server) {
		s.write(t)
		must(t, round(t, open(t, s, s.account(t, rights...))))
	})
}

// Each right that is missing is named, before anything is held back; what can
// be done without costs no more than a warning.
func TestAccountThatLacksARight(t *testing.T) {
	optional := []string{"+ping", "+multi", "+discard", "+client|setname"}
	eachFenced(t, []string{"--save", "3600", "1000000"}, func(t *testing.T, s *server) {
		for _, without := range rights {
			var some []string
			for _, r := range rights {
				if r != without {
					some = append(some, r)
				}
			}
			s.write(t)
			session, err := s.Driver().Open(within(t), s.account(t, some...))
			if err == nil {
				err = round(t, session)
				_ = session.Close()
			}
			mayBeMissing := strings.Contains(strings.Join(optional, " "), without)
			switch {
			case mayBeMissing && err != nil:
				t.Errorf("without %s: %v", without, err)
			case !mayBeMissing && (!errors.Is(err, quiesce.ErrPrivilege) || !strings.Contains(err.Error(), without)):
				t.Errorf("without %s: got %v, want ErrPrivilege that names it", without, err)
			}
		}
		s.write(t) // nothing is held back
	})
}

func TestPasswordOfTheServersArguments(t *testing.T) {
	each(t, []string{"--save", ""}, func(t *testing.T, s *server) {
		target := s.Target()
		target.Env, target.Args = nil, []string{"docker-entrypoint.sh", s.engine + "-server", "--requirepass", canary}
		open(t, s, target)
		target.Args = nil
		_, err := s.Driver().Open(within(t), target)
		is(t, err, quiesce.ErrAuth)
	})
}

// A password in the environment says nothing about a server that asks for none.
func TestPasswordThatNobodyAsksFor(t *testing.T) {
	for _, program := range programs(t) {
		h := harnessOf(t, program)
		t.Run(h.title, func(t *testing.T) {
			s := h.place(t)
			s.password, s.options = "", []string{"--save", ""}
			s.launch(t)
			open(t, s, s.Target())
		})
	}
}

func TestUserOfAnACL(t *testing.T) {
	each(t, []string{"--save", ""}, func(t *testing.T, s *server) {
		target := s.account(t, rights...)
		open(t, s, target)
		target.Password = "wrong"
		_, err := s.Driver().Open(within(t), target)
		is(t, err, quiesce.ErrAuth)
		target.User, target.Password = "nobody-of-this-name", canary
		_, err = s.Driver().Open(within(t), target)
		is(t, err, quiesce.ErrAuth)
	})
}
