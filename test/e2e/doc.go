// Package e2e is the tests of lull as its users have it: real engines, real
// databases, the programs as they are installed. One file per subject; `make
// e2e E2E='^TestDrift'` selects.
package e2e
