// Command bench measures lull against what people have without it. Both sides
// are measured alternately in one run, so that a busy machine is busy for
// both, and medians are compared:
//
//	make bench ONLY=quiesce
//
// Each result is a table and lines `RATIO name value`, lull's time or size
// over the other side's unless the table says otherwise. They are also written
// to bench/results.
package main
