package front

import (
	"encoding/json"
	"os"
	"path/filepath"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/internal/dockerd"
	"github.com/lull-containers/lull/quiesce"
)

// markName is the file in a bundle that says that lull's shim serves it. The
// decision is made once, at start.
const markName = "lull"

// spec is the part of an OCI spec that the decision needs.
type spec struct {
	Annotations map[string]string `json:"annotations"`
	Mounts      []specs.Mount     `json:"mounts"`
	Process     *struct {
		Args []string `json:"args"`
		Env  []string `json:"env"`
	} `json:"process"`
}

// take decides for a bundle at its start, and notes a claim in it. A CRI
// sandbox is claimed because its shim will hold containers to come.
func take(bundle, id string) bool {
	s, err := read(bundle)
	if err != nil || !(s.sandbox() || s.database(id)) {
		return false
	}
	return os.WriteFile(filepath.Join(bundle, markName), nil, 0o600) == nil
}

// taken tells what was decided at the start.
func taken(bundle string) bool {
	_, err := os.Stat(filepath.Join(bundle, markName))
	return err == nil
}

func read(bundle string) (s spec, err error) {
	data, err := os.ReadFile(filepath.Join(bundle, "config.json"))
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(data, &s)
}

func (s spec) sandbox() bool {
	return s.Annotations["io.kubernetes.cri.container-type"] == "sandbox"
}

// database goes by the spec, and by what dockerd keeps of its container. A wrong engine is claimed too, so that Create can
// say so.
func (s spec) database(id string) bool {
	e := quiesce.Evidence{Annotations: s.Annotations, Image: s.Annotations["io.kubernetes.cri.image-name"]}
	if d, err := dockerd.Of(s.Mounts, id); err == nil {
		e.Labels, e.Image = d.Labels, d.Image
	}
	if s.Process != nil {
		e.Args, e.Env = s.Process.Args, s.Process.Env
	}
	f, ok, err := quiesce.Detect(e)
	return err != nil || (ok && f.Engine != quiesce.None)
}
