package lab

import "context"

// checkpointctlRecipe builds checkpointctl with a newer go-criu than it names:
// the module proxy does not have that one.
type checkpointctlRecipe struct {
	Version, CRIU string
	Script        string
}

const checkpointctlScript = `set -e
mkdir src && cd src
"$2" mod init lull.lab/checkpointctl
"$2" get -tool "github.com/checkpoint-restore/checkpointctl@$3" "github.com/checkpoint-restore/go-criu/v8@$4"
"$2" build -trimpath -ldflags "-s -w -X main.version=${3#v}" -o "$1/bin/checkpointctl" github.com/checkpoint-restore/checkpointctl
`

func checkpointctlPart() Part {
	r := checkpointctlRecipe{Version: "v1.5.0", CRIU: "v8.3.0", Script: checkpointctlScript}
	return Part{Name: "checkpointctl", Version: r.Version[1:], Recipe: r, Make: r.make, Aside: true}
}

func (r checkpointctlRecipe) make(ctx context.Context, b *Bench) error {
	goTool, err := findGo()
	if err != nil {
		return err
	}
	b.Say("checkpointctl %s with go-criu %s", r.Version, r.CRIU)
	env := []string{"GOFLAGS=-mod=mod", "CGO_ENABLED=0", "GOOS=", "GOARCH="}
	return b.Run(ctx, env, "sh", "-c", r.Script, "sh", b.Dir, goTool, r.Version, r.CRIU)
}
