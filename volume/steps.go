package volume

// SnapshotStep is the one that a capture by a snapshot has besides.
const SnapshotStep = "snapshot"

// CaptureSteps names the steps of a capture that copies or clones, as
// CaptureOptions.Step is told of them.
func CaptureSteps() []string { return []string{"begun", "copied", "synced", "named"} }

// PutBackSteps names the states that PutBack moves a volume through, before
// and after each is on disk, as PutBackOptions.Step is told of them.
func PutBackSteps() (names []string) {
	for _, s := range []state{staging, movingOut, movingIn, swapped} {
		names = append(names, string(s), "after "+string(s))
	}
	return names
}
