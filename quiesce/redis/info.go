package redis

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// info is what INFO tells: names and values.
type info map[string]string

func parseInfo(text string) info {
	facts := info{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		if ok && !strings.HasPrefix(name, "#") {
			facts[name] = value
		}
	}
	return facts
}

// number is a fact that counts; 0 where it is absent or is none.
func (i info) number(name string) int64 {
	n, err := strconv.ParseInt(i[name], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// atLeast compares the version of Redis that the server is compatible with.
func (i info) atLeast(major, minor int) bool {
	first, rest, _ := strings.Cut(i["redis_version"], ".")
	second, _, _ := strings.Cut(rest, ".")
	a, _ := strconv.Atoi(first)
	b, _ := strconv.Atoi(second)
	return a > major || a == major && b >= minor
}

// mode is standalone, cluster or sentinel; Valkey calls it otherwise.
func (i info) mode() string { return cmp.Or(i["redis_mode"], i["server_mode"]) }

// child says what a fork of the server is doing; empty: there is none.
func (i info) child() string {
	for _, c := range []struct{ name, doing string }{
		{"rdb_bgsave_in_progress", "a background save"},
		{"aof_rewrite_in_progress", "a rewrite of the append-only file"},
		{"aof_rewrite_scheduled", "a rewrite of the append-only file that is due"},
		{"module_fork_in_progress", "a module's fork"},
	} {
		if i[c.name] == "1" {
			return c.doing
		}
	}
	return ""
}

// showsPauses is true of Valkey since 8.1.
func (i info) showsPauses() bool { return i["paused_reason"] != "" }

// paused is true while writers are held back, as far as the server shows it.
func (i info) paused() bool { return i.showsPauses() && i["paused_actions"] != "none" }

// fields are those of a fact like db0:keys=3,expires=1.
func fields(value string) map[string]string {
	m := map[string]string{}
	for f := range strings.SplitSeq(value, ",") {
		if name, v, ok := strings.Cut(f, "="); ok {
			m[name] = v
		}
	}
	return m
}

// numbered are the facts that are named prefix and a number, in order.
func (i info) numbered(prefix string) []string {
	isOne := func(name string) bool {
		rest, ok := strings.CutPrefix(name, prefix)
		_, err := strconv.Atoi(rest)
		return ok && err == nil
	}
	names := slices.Sorted(maps.Keys(i))
	return slices.DeleteFunc(names, func(name string) bool { return !isOne(name) })
}
