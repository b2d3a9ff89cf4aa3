// Package commands makes a container quiet by commands of the user's that run
// inside it: lull/quiesce-exec before the freeze, lull/release-exec after the
// thaw and on every restored copy, lull/ready-exec on a restored copy until it
// succeeds. It is the driver for everything that has no driver of its own, the
// engine exec, and can stand around the session of a database that has one.
package commands
