package e2e

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// TestSecrets looks for the password in everything that lull says, writes and
// runs, while it succeeds and while it fails. The places that have it by their
// nature are listed in theirByNature; no other may.
func TestSecrets(t *testing.T) {
	d := harness.Start(t, harness.Options{})
	seen, places := sample(t, d), &search{d: d, met: map[string]bool{}}
	for name, f := range map[string]func(*testing.T, *harness.Daemon, *said){
		"checkpoint and restore": secretKept,
		"wrong password":         secretRefused,
		"unreachable":            secretUnreachable,
		"password file":          secretFile,
	} {
		t.Run(name, func(t *testing.T) {
			f(t, d, &said{d})
			places.search(t)
		})
	}
	seen.judge(t)
	places.judge(t)
}

// said runs commands whose every answer is looked through.
type said struct{ d *harness.Daemon }

func (s *said) ctr(t *testing.T, args ...string) harness.Output {
	t.Helper()
	return s.note(t, s.d.TryCtr(t, args...))
}

func (s *said) lull(t *testing.T, args ...string) harness.Output {
	t.Helper()
	return s.note(t, s.d.TryLull(t, args...))
}

func (s *said) note(t *testing.T, o harness.Output) harness.Output {
	t.Helper()
	silent(t, o.Command, o.String())
	return o
}

// silent fails the test when text has the password.
func silent(t *testing.T, what, text string) {
	t.Helper()
	if strings.Contains(text, harness.Canary) {
		t.Errorf("%s tells the password:\n%s", what, strings.ReplaceAll(text, harness.Canary, "(password)"))
	}
}

// guarded is a PostgreSQL that lets nobody in without the password, not even
// from inside.
func guarded(t *testing.T, d *harness.Daemon, annotations map[string]string) *subject {
	t.Helper()
	s := subjectOn(t, d, annotations)
	s.demand(t)
	return s
}

const demandPassword = "local all all trust\nhost all all all scram-sha-256\n"

func (s *subject) demand(t *testing.T) {
	t.Helper()
	s.admit(t, filepath.Join(s.Volume, "pg_hba.conf"), demandPassword)
	harness.Eventually(t, "the password is asked for", func() bool {
		return s.Query(t, `SELECT count(*) FROM pg_hba_file_rules WHERE auth_method = 'scram-sha-256'`) != "0" &&
			s.wrongPassword(t) != nil
	})
}

// wrongPassword is the error of a login with one.
func (s *subject) wrongPassword(t *testing.T) error {
	t.Helper()
	server := s.PostgreSQL
	server.Password = "not-the-password"
	conn, err := server.Connect(t.Context())
	if err == nil {
		_ = conn.Close(t.Context()) // it was only to see
	}
	return err
}

// look has every command that shows something show it.
func (s *said) look(t *testing.T, id string) {
	t.Helper()
	s.lull(t, "ps")
	s.lull(t, "ps", "--json")
	s.lull(t, "inspect", id)
	s.lull(t, "doctor", id)
	s.lull(t, "container-metadata", id)
	s.ctr(t, "containers", "ls")
	s.ctr(t, "containers", "label", id, "seen=1")
	s.ctr(t, "tasks", "ls")
}

func secretKept(t *testing.T, d *harness.Daemon, said *said) {
	s := guarded(t, d, fenced("lull/on-drift", "rollback"))
	ref := harness.Name(t, "image")
	if o := said.ctr(t, "containers", "checkpoint", "--task", "--rw", "--image", s.ID, ref); o.Code != 0 {
		t.Fatal(o)
	}
	said.look(t, s.ID)
	said.lull(t, "inspect", ref)
	said.lull(t, "inspect", "--json", ref)
	raw, err := json.Marshal(d.Manifest(t, ref))
	if err != nil {
		t.Fatal(err)
	}
	silent(t, "the manifest", string(raw))
	s.load.Wait(t, 3)
	s.Kill(t)
	s.Remove(t)
	if o := said.ctr(t, "containers", "restore", "--rw", "--live", s.ID, ref); o.Code != 0 {
		t.Fatal(o)
	}
	said.look(t, s.ID)
	s.WaitAnswer(t)
}

// secretRefused has the server know another password than the container's
// environment does.
func secretRefused(t *testing.T, d *harness.Daemon, said *said) {
	s := guarded(t, d, annotations("lull/on-drift", "rollback", "lull/restore-deadline", "5s"))
	ref := harness.Name(t, "image")
	s.load.Stop()
	s.Exec(t, `ALTER USER postgres PASSWORD 'another one'`)
	for _, args := range [][]string{
		{"containers", "checkpoint", "--task", "--rw", "--image", s.ID, ref},
		{"tasks", "checkpoint", s.ID},
	} {
		mustRefuse(t, said.ctr(t, args...), "[lull:database]", "password")
	}
	if o := said.lull(t, "checkpoint", s.ID); o.Code == 0 {
		t.Errorf("it succeeded: %s", o)
	}
	said.look(t, s.ID)
}

func secretUnreachable(t *testing.T, d *harness.Daemon, said *said) {
	s := guarded(t, d, annotations("lull/pause-budget", "3s"))
	s.signal(t, unix.SIGSTOP)
	mustRefuse(t, said.ctr(t, "tasks", "checkpoint", s.ID), "[lull:")
	s.signal(t, unix.SIGCONT)
	d.Fail(t, "agent.flush", "panic")
	mustRefuse(t, said.ctr(t, "tasks", "checkpoint", s.ID), "panicked in flush")
	d.Unfail(t, "agent.flush")
	said.look(t, s.ID)
}
