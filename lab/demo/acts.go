package demo

import (
	"context"
	"time"
)

// The times that the load is given. The further writes are long enough that
// nobody takes them for luck.
const (
	warmUp  = 2 * time.Second
	further = 5 * time.Second
	again   = 1 * time.Second
)

// backInTime takes a checkpoint of a running database and brings it back after
// more has happened to it.
func (a *act) backInTime(ctx context.Context) error {
	return a.play(ctx, []step{
		a.run("shop", true),
		a.writes(warmUp, "Clients write."),
		a.checkpoint("shop:cut", "ctr", "containers", "checkpoint", "--task", "--rw", "--image", "shop", "shop:cut"),
		a.writes(further, "The database goes on for five seconds, and somebody makes a mistake."),
		a.mistake,
		a.kill,
		a.refused("ctr", "containers", "restore", "--rw", "--live", "shop", "shop:cut"),
		a.allow,
		a.restore("ctr", "containers", "restore", "--rw", "--live", "shop", "shop:cut"),
		a.prove,
		a.writesAgain,
	})
}

// parked stops the database of the first act with its checkpoint. Nothing can
// have been written since, so nothing is rolled back, and every write that was
// ever acknowledged must be there.
func (a *act) parked(ctx context.Context) error {
	return a.play(ctx, []step{
		a.goOn,
		a.writes(warmUp, "The database of act 1 has clients again."),
		a.park("ctr", "tasks", "checkpoint", "--exit", "shop"),
		a.restoreImage("lull", "restore"),
		a.prove,
		a.writesAgain,
	})
}

// ownLayer is the first act without a volume: container and data are removed
// together and come out of the checkpoint together.
func (a *act) ownLayer(ctx context.Context) error {
	return a.play(ctx, []step{
		a.run("till", false),
		a.writes(warmUp, "Clients write."),
		a.checkpoint("till:cut", "ctr", "containers", "checkpoint", "--task", "--rw", "--image", "till", "till:cut"),
		a.writes(further, "The database goes on for five seconds."),
		a.kill,
		a.restore("ctr", "containers", "restore", "--rw", "--live", "till", "till:cut"),
		a.prove,
		a.writesAgain,
	})
}
