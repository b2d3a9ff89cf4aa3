// Package demo shows the main job on real parts: a PostgreSQL under load is
// checkpointed with ctr, killed, restored and proven to be exactly what it was
// at the cut. Every command that it runs is shown as a user would type it. It
// sees lull from outside: its commands, its manifests and its records.
package demo
