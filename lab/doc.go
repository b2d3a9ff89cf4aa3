// Package lab brings up the real parts that lull is tested, shown and measured
// with, on one machine and from nothing: containerd, ctr, runc, CRIU and
// database images, without an image registry.
//
// The parts are built once into a cache outside the checkout (see Parts and
// Build). Tests open the built lab and start as many private containerd daemons
// as they like (see Open and Lab.StartDaemon). Down removes every process,
// mount, cgroup and folder that any of those daemons left, however they ended.
// A containerd, runc or CRIU that the machine itself runs is never touched.
package lab
