package lab

import (
	"errors"
	"slices"
	"testing"
)

func names(parts []keyed) []string {
	var out []string
	for _, k := range parts {
		out = append(out, k.Name)
	}
	return out
}

func mustKeys(t *testing.T, parts ...Part) []keyed {
	t.Helper()
	k, err := keys(parts)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeysOrder(t *testing.T) {
	got := names(mustKeys(t,
		Part{Name: "image", Needs: []string{"rootfs"}},
		Part{Name: "client", Needs: []string{"rootfs", "image"}},
		Part{Name: "rootfs"}))
	if want := []string{"rootfs", "image", "client"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestKeysRefuses(t *testing.T) {
	for name, parts := range map[string][]Part{
		"a cycle":         {{Name: "a", Needs: []string{"b"}}, {Name: "b", Needs: []string{"a"}}},
		"itself":          {{Name: "a", Needs: []string{"a"}}},
		"an unknown need": {{Name: "a", Needs: []string{"b"}}},
		"a name twice":    {{Name: "a"}, {Name: "a"}},
	} {
		if _, err := keys(parts); err == nil {
			t.Errorf("%s is not refused", name)
		}
	}
}

func TestKeyFollowsRecipe(t *testing.T) {
	list := func(version, recipe, below string) string {
		k := mustKeys(t, Part{Name: "a", Version: version, Recipe: recipe, Needs: []string{"b"}}, Part{Name: "b", Recipe: below})
		return k[1].Key
	}
	base := list("1", "x", "y")
	for name, other := range map[string]string{
		"version": list("2", "x", "y"), "recipe": list("1", "z", "y"), "what it needs": list("1", "x", "z"),
	} {
		if other == base {
			t.Errorf("%s does not change the key", name)
		}
	}
	if list("1", "x", "y") != base {
		t.Error("the key is not stable")
	}
}

func TestChoose(t *testing.T) {
	all := mustKeys(t,
		Part{Name: "a"}, Part{Name: "b", Needs: []string{"a"}}, Part{Name: "c", Needs: []string{"b"}}, Part{Name: "d"})
	for _, c := range []struct{ ask, want []string }{
		{nil, []string{"a", "b", "c", "d"}},
		{[]string{"c"}, []string{"a", "b", "c"}},
		{[]string{"d", "a"}, []string{"a", "d"}},
	} {
		got, err := choose(all, c.ask)
		if err != nil || !slices.Equal(names(got), c.want) {
			t.Errorf("choose %v: got %v, %v", c.ask, names(got), err)
		}
	}
	var unknown *UnknownPartError
	if _, err := choose(all, []string{"e"}); !errors.As(err, &unknown) || unknown.Name != "e" {
		t.Errorf("unknown part: %v", err)
	}
}

// The real list has to hang together on every kind of machine.
func TestPartsList(t *testing.T) {
	for name, h := range map[string]Host{
		"bare":     {Kernel: version{6, 18}},
		"own CRIU": {Kernel: version{6, 1}, SysResource: true, CRIU: "/usr/sbin/criu", CRIUVersion: version{4, 0}, CRIUWorks: true},
	} {
		if _, err := keys(Parts(h)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
