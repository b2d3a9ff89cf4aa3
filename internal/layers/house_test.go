package layers

import (
	"slices"
	"strings"
)

const module = "github.com/lull-containers/lull/"

// room is one folder of the house, with all folders in it.
type room struct {
	folder string
	// below are the folders that it may import from, itself among them. One
	// that ends in $ stands for its own package, without its subfolders'.
	below []string
	why   string
}

// house is the order of the folders. The longest folder that fits is a
// package's room. .golangci.yml says the same.
var house = []room{
	{"manifest", []string{"manifest"},
		"the manifest is a format: it stands on nothing of ours"},
	{"internal", []string{"internal"},
		"internal serves everybody and knows nobody"},
	{"internal/state", []string{"internal", "manifest"},
		"the record of a container knows the manifest's steps and nothing else"},
	{"quiesce", []string{"quiesce", "manifest", "internal"},
		"a driver talks to a database and knows nothing else"},
	{"quiesce/quiescetest", []string{"quiesce", "agent", "manifest", "internal"},
		"the suite runs every driver, here and in an agent"},
	{"volume", []string{"volume", "manifest", "internal"},
		"the engine puts files, processes and databases together"},
	{"criu", []string{"criu", "manifest", "internal"},
		"the engine puts files, processes and databases together"},
	{"agent", []string{"agent", "quiesce$", "manifest", "internal"},
		"the agent is unprivileged: it runs a driver that it is given and knows nothing else"},
	{"engine", []string{"engine", "quiesce$", "volume", "criu", "manifest", "internal"},
		"the sequences do not know who starts them, nor which database it is"},
	{"shim", []string{"shim", "engine", "isolate", "agent", "quiesce$", "volume", "criu", "manifest", "internal"},
		"shim, hooks and store stand beside each other; no driver's crash may kill a container"},
	{"shim/front", []string{"shim/front", "quiesce$", "manifest", "internal"},
		"it runs before every container of the host: next to nothing goes in"},
	{"hooks", []string{"hooks", "engine", "agent", "quiesce$", "volume", "criu", "manifest", "internal"},
		"shim, hooks and store stand beside each other; no driver's crash may kill a container"},
	{"store", []string{"store", "engine", "agent", "quiesce$", "volume", "criu", "manifest", "internal"},
		"shim, hooks and store stand beside each other"},
	{"deep", []string{"deep", "store", "quiesce$", "volume", "manifest", "internal"},
		"it checks what is in the store by the database's own programs, and talks to none"},
	{"isolate", []string{"isolate", "internal"},
		"what is kept apart, and for whom, is decided above"},
	{"clone", []string{"clone", "isolate", "volume", "manifest", "internal"},
		"a clone is a restore with other mounts and another network: who restores is not its business"},
	{"plugin", []string{"plugin", "shim", "engine", "agent", "quiesce$", "volume", "criu", "manifest", "internal"},
		"a plugin wires what is below it"},
	{"cmd/containerd-shim-lull-v2", []string{"plugin", "shim", "hooks", "engine", "agent", "quiesce$", "volume", "criu", "manifest", "internal"},
		"a driver's crash must never kill a container: only lull-agent links drivers"},
	{"cmd/containerd-shim-runc-v2", []string{"shim/front", "internal"},
		"it runs before every container of the host: next to nothing goes in"},
	{"cmd/lull-agent", []string{"agent", "quiesce", "manifest", "internal"},
		"it starts at every checkpoint while clients wait: next to nothing goes in but drivers"},
	{"cmd/lull", []string{"cmd/lull", "plugin", "shim", "hooks", "deep", "store", "clone", "isolate", "engine", "agent", "quiesce$", "volume", "criu", "manifest", "internal"},
		"the product does not stand on its lab or its tests"},
	{"lab", []string{"lab", "test/ledger", "manifest", "internal"},
		"the lab brings up the real parts; it does not know lull's"},
	{"bench", []string{"bench", "lab", "test", "manifest", "internal"},
		"measurements see the product from outside"},
	{"test", []string{""}, ""},
}

// alsoInTests are what the tests of every room may import besides.
var alsoInTests = []string{"lab", "test", "quiesce", "manifest", "internal"}

// roomOf finds a package's room.
func roomOf(pkg string) (room, bool) {
	var found room
	for _, r := range house {
		if within(pkg, r.folder) && len(r.folder) > len(found.folder) {
			found = r
		}
	}
	return found, found.folder != ""
}

// within is true for a folder and everything in it; "" is the whole house.
func within(pkg, folder string) bool {
	if alone, ok := strings.CutSuffix(folder, "$"); ok {
		return pkg == alone
	}
	return folder == "" || pkg == folder || strings.HasPrefix(pkg, folder+"/")
}

// objection says why pkg may not import what it imports; "" means that it
// may. Both are paths in the module.
func objection(pkg, imported string, inTest bool) string {
	r, ok := roomOf(pkg)
	if !ok {
		return "the house has no room for " + pkg + ": give it a line in internal/layers and in .golangci.yml"
	}
	allowed := r.below
	if inTest {
		allowed = slices.Concat(allowed, alsoInTests)
	}
	if slices.ContainsFunc(allowed, func(f string) bool { return within(imported, f) }) {
		return ""
	}
	return r.why
}
