package redis

import (
	"slices"
	"strings"
	"testing"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

func TestLogin(t *testing.T) {
	for name, c := range map[string]struct {
		target quiesce.Target
		want   []string
	}{
		"nothing said":       {quiesce.Target{}, nil},
		"in so many words":   {quiesce.Target{Password: "a", Args: []string{"--requirepass", "b"}, Env: map[string]string{"REDIS_PASSWORD": "c"}}, []string{"a"}},
		"the server's own":   {quiesce.Target{Args: []string{"docker-entrypoint.sh", "redis-server", "--requirepass", "b"}}, []string{"b"}},
		"then the image's":   {quiesce.Target{Args: []string{"redis-server", "--requirepass", "b"}, Env: map[string]string{"REDIS_PASSWORD": "c"}}, []string{"b", "c"}},
		"both the same":      {quiesce.Target{Args: []string{"redis-server", "--requirepass", "b"}, Env: map[string]string{"VALKEY_PASSWORD": "b"}}, []string{"b"}},
		"a shell's line":     {quiesce.Target{Args: []string{"sh", "-c", "exec redis-server --requirepass pass --appendonly yes"}}, []string{"pass"}},
		"quoted":             {quiesce.Target{Args: []string{"sh", "-c", `redis-server --requirepass 'pa$$'`}}, []string{"pa$$"}},
		"a variable":         {quiesce.Target{Args: []string{"sh", "-c", `redis-server --requirepass "$OWN"`}, Env: map[string]string{"OWN": "v"}}, []string{"v"}},
		"a braced one":       {quiesce.Target{Args: []string{"sh", "-c", `redis-server --requirepass ${OWN}`}, Env: map[string]string{"OWN": "v"}}, []string{"v"}},
		"the image's flags":  {quiesce.Target{Env: map[string]string{"VALKEY_EXTRA_FLAGS": "--save 60 1 --requirepass f"}}, []string{"f"}},
		"no value behind it": {quiesce.Target{Args: []string{"redis-server", "--requirepass"}}, nil},
	} {
		if got := loginOf(c.target); !slices.Equal(got.passwords, c.want) {
			t.Errorf("%s: got %q, want %q", name, got.passwords, c.want)
		}
	}
}

func TestPort(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		env  map[string]string
		want uint16
	}{
		"nobody says":     {nil, nil, 6379},
		"arguments":       {[]string{"redis-server", "--port", "7000"}, nil, 7000},
		"TLS":             {[]string{"redis-server", "--port", "0", "--tls-port", "7001"}, nil, 7001},
		"Bitnami's":       {nil, map[string]string{"REDIS_PORT_NUMBER": "7002"}, 7002},
		"Bitnami's other": {nil, map[string]string{"VALKEY_PORT_NUMBER": "7003"}, 7003},
		"none":            {[]string{"redis-server", "--port", "many"}, nil, 6379},
	} {
		if got := port(quiesce.Target{Args: c.args, Env: c.env}); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}

func TestInfo(t *testing.T) {
	i := parseInfo("# Server\r\nredis_version:6.2.14\r\nconfig_file:\r\n\r\n# Keyspace\r\ndb0:keys=5,expires=2,avg_ttl=9\r\ndb12:keys=1,expires=0,avg_ttl=0\r\n" +
		"slave0:ip=10.0.0.2,port=6379,state=online,offset=14,lag=0\r\nslave_repl_offset:3\r\nrdb_bgsave_in_progress:0\r\nmodule_fork_in_progress:1\r\n")
	if !i.atLeast(6, 2) || !i.atLeast(6, 0) || i.atLeast(7, 0) || i.atLeast(6, 3) || (info{}).atLeast(1, 0) {
		t.Error("the version is compared wrongly")
	}
	if got := i.numbered("db"); !slices.Equal(got, []string{"db0", "db12"}) {
		t.Errorf("databases: %q", got)
	}
	if got := lineage(i); len(got) != 1 || got[0] != (manifest.Lineage{Kind: "replica", Name: "10.0.0.2:6379", Detail: "online"}) {
		t.Errorf("lineage: %+v", got)
	}
	if p := position(i); p["keys.db0"] != "3" || p["expires.db0"] != "2" || p["keys.db12"] != "1" {
		t.Errorf("position: %v", p)
	}
	if i.child() != "a module's fork" || (info{}).child() != "" {
		t.Errorf("child: %q", i.child())
	}
	if i.showsPauses() || i.paused() || !(info{"paused_reason": "client_pause", "paused_actions": "write"}).paused() {
		t.Error("pauses are read wrongly")
	}
}

func FuzzInfo(f *testing.F) {
	f.Add("redis_version:7.0.1\r\ndb0:keys=1,expires=x\r\nslave0:\r\n#:\r\n:\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		i := parseInfo(text)
		_, _, _, _ = i.atLeast(7, 0), position(i), lineage(i), identity(i)
		for name, value := range i {
			if strings.ContainsAny(name, "\n:") || strings.Contains(value, "\n") {
				t.Errorf("%q: %q", name, value)
			}
		}
	})
}

func FuzzArgument(f *testing.F) {
	f.Add(`redis-server --requirepass "${A}" x`)
	f.Fuzz(func(t *testing.T, line string) {
		env := map[string]string{"A": "a"}
		if got := argument([]string{"sh", "-c", line}, env, "--requirepass"); got != "" && !strings.Contains(line, "--requirepass") && !strings.Contains(line, "$") {
			t.Errorf("%q from %q", got, line)
		}
	})
}

func TestCompare(t *testing.T) {
	recorded := manifest.Database{
		Role:     "primary",
		Identity: map[string]string{"run_id": "a"},
		Position: map[string]string{keyOffset: "100", keyChanges: "5", keySaved: "1", keyEvicted: "0", keyKeys + "db0": "7", keyExpires + "db0": "3"},
	}
	for name, c := range map[string]struct {
		change func(*manifest.Database)
		broken string
	}{
		"the same":                 {func(*manifest.Database) {}, ""},
		"another process":          {func(d *manifest.Database) { d.Identity = map[string]string{"run_id": "b"} }, "run id"},
		"another role":             {func(d *manifest.Database) { d.Role = "replica" }, "role"},
		"it went on":               {func(d *manifest.Database) { d.Position[keyOffset] = "101" }, ""},
		"it is behind":             {func(d *manifest.Database) { d.Position[keyOffset] = "99" }, keyOffset},
		"no offset":                {func(d *manifest.Database) { delete(d.Position, keyOffset) }, keyOffset},
		"a key has expired":        {func(d *manifest.Database) { d.Position[keyExpires+"db0"] = "2" }, ""},
		"a key is lost":            {func(d *manifest.Database) { d.Position[keyKeys+"db0"] = "6" }, "db0"},
		"a key was deleted":        {func(d *manifest.Database) { d.Position[keyKeys+"db0"] = "6"; d.Position[keyChanges] = "6" }, ""},
		"a key was evicted":        {func(d *manifest.Database) { d.Position[keyKeys+"db0"] = "6"; d.Position[keyEvicted] = "1" }, ""},
		"a database is lost":       {func(d *manifest.Database) { delete(d.Position, keyKeys+"db0") }, "db0"},
		"what never was is no key": {func(d *manifest.Database) { d.Position[keyKeys+"db1"] = "1" }, ""},
	} {
		now := manifest.Database{Role: "primary", Identity: map[string]string{"run_id": "a"}, Position: map[string]string{}}
		for k, v := range recorded.Position {
			now.Position[k] = v
		}
		c.change(&now)
		v := compare(recorded, now)
		if (c.broken == "") != (len(v.Broken) == 0) || c.broken != "" && !strings.Contains(strings.Join(v.Broken, "\n"), c.broken) {
			t.Errorf("%s: broken %q, want %q", name, v.Broken, c.broken)
		}
	}
}
