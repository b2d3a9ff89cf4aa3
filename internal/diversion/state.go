package diversion

// FileState says in words how a program of an installation stands.
func FileState(path string) string {
	switch {
	case !exists(path):
		return "is gone"
	case !Ours(path):
		return "is not lull's any more"
	}
	return "stands"
}

// ShimState says in words how a diversion stands.
func ShimState(shim string) string {
	switch {
	case !exists(shim):
		return "is gone"
	case !Ours(shim):
		return "is a stock shim again, from an upgrade of containerd maybe: install lull again"
	case !exists(shim + Kept):
		return "is lull's front, and the stock shim is not kept beside it"
	}
	return "is lull's front; the stock shim is kept as " + shim + Kept
}
