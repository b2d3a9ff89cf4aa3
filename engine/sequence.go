package engine

import "github.com/lull-containers/lull/internal/config"

// CheckpointSteps names the steps of a checkpoint with a fence, in their order.
// They are the steps of a manifest, and in test builds failpoints.
func CheckpointSteps() []string {
	k := &Cut{c: &Container{Settings: config.Settings{Mode: modeFence}}}
	d := &dump{Cut: k}
	return names(k.findSteps(), k.quiesceSteps(), k.freezeSteps(), k.surveySteps(), d.steps())
}

// RestoreSteps names the steps of a restore, in their order.
func RestoreSteps() []string {
	r := &Restore{}
	return names(r.openSteps(), r.prepareSteps(), r.verifySteps())
}

func names(sequences ...[]step) (all []string) {
	for _, steps := range sequences {
		for _, s := range steps {
			all = append(all, s.name)
		}
	}
	return all
}
