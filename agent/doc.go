// Package agent runs one quiesce.Session in a process of its own, so that a
// database driver's crash, hang or appetite costs a checkpoint and never a
// container. Start and Client are the caller's side and link no driver; Main
// is the process's side and is given its drivers by cmd.
//
// The two speak one JSON message per line over the process's standard input
// and output. Credentials come in the first message, never in arguments or
// environment. End of file on standard input ends the process at once, and
// everything that its session held in the database dies with its connections.
package agent
