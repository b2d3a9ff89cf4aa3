package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// validate asks the user's queries at the cut. One that has no answer makes the
// checkpoint impossible: what was to be proven is not.
func (k *Cut) validate(ctx context.Context) error {
	asked, err := quiesce.Validations(k.c.LullLabels())
	if err != nil || len(asked) == 0 {
		return err
	}
	k.validations, err = k.answer(ctx, asked)
	if errors.Is(err, quiesce.ErrAgent) {
		return err
	}
	if err != nil {
		k.impossible(err)
	}
	return nil
}

// unasked makes a checkpoint impossible whose validations nobody asked, because
// the mode does not ask or because something failed before.
func (k *Cut) unasked() {
	asked, err := quiesce.Validations(k.c.LullLabels())
	if k.obstacle != nil || k.validations != nil || err == nil && len(asked) == 0 {
		return
	}
	why := errors.Join(err, k.reason)
	if why == nil {
		why = errors.New("lull/mode=none asks the database nothing; set another mode, or remove the label")
	}
	k.impossible(fmt.Errorf("lull/validate: %w", why))
}

var errMute = errors.New("the session answers no queries")

// answer asks each query. The mark is of before: whatever is committed while
// they are asked, or later, changes it. The fence is told before each that it is
// still wanted: a query may take as long as a fence lasts by itself.
func (k *Cut) answer(ctx context.Context, asked []manifest.Validation) ([]manifest.Validation, error) {
	by, ok := k.session.(quiesce.Validator)
	if !ok {
		return nil, errMute
	}
	mark, err := by.Writes(ctx)
	if err != nil {
		return nil, fmt.Errorf("validations: %w", err)
	}
	for i, v := range asked {
		if err := k.stands(ctx); err != nil {
			return nil, err
		}
		a, err := by.Ask(ctx, v.Query)
		if err != nil {
			return nil, fmt.Errorf("validation %s: %w", v.Name, err)
		}
		asked[i].Answer, asked[i].Null, asked[i].Writes = a.Value, a.Null, mark
	}
	return asked, nil
}

// validated is what was answered, and what of it a restore can be held to: "at
// least" always, "equal" where nobody could write until the freeze.
func (k *Cut) validated() []manifest.Validation {
	for i, v := range k.validations {
		still := k.fenced && k.tx.InFlight == 0 && v.Writes != ""
		k.validations[i].Comparable = v.Operator == quiesce.OpAtLeast || still
	}
	return k.validations
}

// revalidate asks the recorded queries again.
func (r *Restore) revalidate(ctx context.Context, s Session, v *quiesce.Verdict) error {
	if len(r.manifest.Validations) == 0 {
		return nil
	}
	by, ok := s.(quiesce.Validator)
	if !ok {
		return rpccode.Wrap(rpccode.Evidence, errMute)
	}
	for _, was := range r.manifest.Validations {
		is, err := by.Ask(ctx, was.Query)
		if err != nil {
			return rpccode.Wrap(rpccode.Evidence, fmt.Errorf("validation %s: %w", was.Name, err))
		}
		mark, err := by.Writes(ctx) // after it: what was not committed by now, it has not seen
		if err != nil {
			return rpccode.Wrap(rpccode.Evidence, fmt.Errorf("validations: %w", err))
		}
		judgeAnswer(v, was, is, mark)
	}
	return nil
}

// judgeAnswer adds one line to the verdict.
func judgeAnswer(v *quiesce.Verdict, was manifest.Validation, is quiesce.Answer, mark string) {
	recorded := quiesce.Answer{Value: was.Answer, Null: was.Null}
	fact := "validation " + was.Name + " (" + was.Operator + ")"
	switch {
	case !was.Comparable:
		v.Checked = append(v.Checked, fmt.Sprintf("%s: recorded %s, found %s, not comparable: writes could come between the query and the freeze", fact, recorded, is))
	case was.Operator == quiesce.OpEqual && was.Writes != mark:
		v.Checked = append(v.Checked, fmt.Sprintf("%s: recorded %s, found %s, not comparable: something that had waited for the fence was written since", fact, recorded, is))
	default:
		v.Compare(fact, quiesce.Holds(was.Operator, recorded, is), recorded.String(), is.String())
	}
}
