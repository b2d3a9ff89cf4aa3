// Package shim decorates containerd's runc task service: the service of one
// or more containers, of which those that hold a database are checkpointed and
// restored by the sequences of package engine. Every other call, and every
// call for another container, goes straight through.
package shim
