// Package quiescetest is what every driver must pass: one suite that runs
// against a real server, once with the driver in the test's own process and
// once behind an agent. A driver's test supplies a Harness and calls Main from
// TestMain and Run from a test.
package quiescetest
