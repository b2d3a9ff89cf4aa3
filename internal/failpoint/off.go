//go:build !failpoint

// Package failpoint lets test builds (build tag failpoint) make a named place
// in a sequence fail. In other builds it does nothing and costs nothing.
package failpoint

// Hit does nothing in this build.
func Hit(string) error { return nil }

// Env is nothing in this build.
func Env() []string { return nil }
