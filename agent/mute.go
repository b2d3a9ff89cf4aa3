package agent

import (
	"context"

	"github.com/lull-containers/lull/quiesce"
)

// mute stands for a driver that answers no queries.
type mute struct{}

func (mute) Ask(context.Context, string) (quiesce.Answer, error) {
	return quiesce.Answer{}, &quiesce.Refusal{Class: quiesce.ErrUnsupported,
		What: "this engine's driver answers no validations", Remedy: "take the labels lull/validate.… away"}
}

func (mute) Writes(context.Context) (string, error) { return "", nil }
