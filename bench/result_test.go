package main

import (
	"strings"
	"testing"
)

func TestMedian(t *testing.T) {
	for want, samples := range map[float64][]float64{0: nil, 3: {3}, 2.5: {4, 1, 2, 3}, 7: {9, 7, 1}} {
		if got := median(samples); got != want {
			t.Errorf("median of %v: %v", samples, got)
		}
	}
}

func TestTextHasTheLineForMachines(t *testing.T) {
	r := Result{Name: "n"}
	r.ratio("n", r.series("one", "ms", []float64{3, 1, 2})/r.series("other", "ms", []float64{4}))
	if text := r.Text(); !strings.Contains(text, "\nRATIO n 0.500\n") {
		t.Error(text)
	}
}

func TestRunCleansUpAndReports(t *testing.T) {
	var order string
	err := run(t.Context(), "b", func(t *T) {
		t.Cleanup(func() { order += "first made, last undone" })
		t.Cleanup(func() { order += "second, "; t.Fatal("undo") })
		t.Fatal("broken")
	})
	if err == nil || err.Error() != "broken\nundo" || order != "second, first made, last undone" {
		t.Errorf("%v, %q", err, order)
	}
}
