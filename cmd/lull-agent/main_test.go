package main

import (
	"slices"
	"testing"

	"github.com/lull-containers/lull/quiesce"
)

// Every engine that is recognised has one driver; exec has commands instead.
func TestDrivers(t *testing.T) {
	var names []string
	for _, d := range drivers() {
		names = append(names, d.Name())
	}
	if want := quiesce.Engines(); !slices.Equal(append(names, quiesce.Exec), want) {
		t.Errorf("drivers for %v, engines %v", names, want)
	}
}
