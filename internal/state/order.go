package state

import (
	"time"

	"github.com/lull-containers/lull/internal/oneshot"
)

// Order is what the next restore into a container does besides. A password may
// be in it: only root reads the file, and once.
type Order struct {
	OnClone string `json:"on_clone"` // statements to run before clients enter
	Known   Known  `json:"known,omitzero"`
}

// Known says where lists are of what was read before, by whoever prepared the
// restore: files that they prove untouched are not read again.
type Known struct {
	Memory  string `json:"memory,omitempty"`  // file: list of the folder of CRIU's images
	Volumes string `json:"volumes,omitempty"` // folder with a list of each volume, by the name of the manifest's
}

const orders oneshot.Kind = "orders"

// orderTime bounds how long an order waits for its restore.
const orderTime = 10 * time.Minute

// Leave leaves an order for the next restore into container id.
func (o Order) Leave(stateDir, namespace, id string) error {
	return oneshot.Leave(oneshot.Container{StateDir: stateDir, Namespace: namespace, ID: id}, orders, o, time.Now().Add(orderTime))
}

// TakeOrder removes and returns the order; without one it is empty.
func TakeOrder(stateDir, namespace, id string) (Order, error) {
	o, ok, err := oneshot.Take[Order](oneshot.Container{StateDir: stateDir, Namespace: namespace, ID: id}, orders, time.Now())
	if err != nil || !ok {
		return Order{}, err
	}
	return o, nil
}
