package engine

import (
	"context"
	"fmt"

	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/quiesce"
)

// labelOnClone has statements that run in every clone, without the prefix.
const labelOnClone = "on-clone"

// OnClone gives the statements that run before the first client enters, in the
// place of the label's.
func (r *Restore) OnClone(statements string) { r.statements = statements }

// onClone runs them when the database is known to be the one that was
// recorded, and nobody but the agent reaches it yet.
func (r *Restore) onClone(ctx context.Context, s Session) error {
	statements := r.statements
	if statements == "" && r.c.Clone() {
		statements = r.c.LullLabels()[labelOnClone]
	}
	if statements == "" {
		return nil
	}
	e, ok := s.(quiesce.Executor)
	if !ok {
		return rpccode.Wrap(rpccode.Restore, fmt.Errorf("lull/on-clone: lull runs no statements in %s", r.c.Found.Engine))
	}
	if err := e.Execute(ctx, statements); err != nil {
		return rpccode.Wrap(rpccode.Restore, fmt.Errorf("lull/on-clone: %w", err))
	}
	return nil
}
