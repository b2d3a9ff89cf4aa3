package criu

import (
	"fmt"
	"os"
	"time"

	"github.com/checkpoint-restore/go-criu/v8/stats"
)

// StatsFile is where CRIU leaves what it measured of a dump.
const StatsFile = "stats-dump"

// DumpStats is what CRIU measured of a dump.
type DumpStats struct {
	Freezing, Frozen     time.Duration // getting the processes still, and keeping them so
	MemDump, MemWrite    time.Duration // reading their memory, and writing it
	PagesRead, PagesDone uint64        // scanned and written
}

// ReadDumpStats reads the file stats-dump in CRIU's work folder.
func ReadDumpStats(dir string) (DumpStats, error) {
	d, err := os.Open(dir)
	if err != nil {
		return DumpStats{}, err
	}
	defer d.Close()
	s, err := stats.CriuGetDumpStats(d)
	if err != nil {
		return DumpStats{}, fmt.Errorf("statistics of the dump: %w", err)
	}
	return DumpStats{
		Freezing: micros(s.GetFreezingTime()), Frozen: micros(s.GetFrozenTime()),
		MemDump: micros(s.GetMemdumpTime()), MemWrite: micros(s.GetMemwriteTime()),
		PagesRead: s.GetPagesScanned(), PagesDone: s.GetPagesWritten(),
	}, nil
}

func micros(n uint32) time.Duration { return time.Duration(n) * time.Microsecond }

// String is one line.
func (s DumpStats) String() string {
	return fmt.Sprintf("CRIU: freezing %s, frozen %s, memory read in %s and written in %s, %d of %d pages",
		s.Freezing, s.Frozen, s.MemDump, s.MemWrite, s.PagesDone, s.PagesRead)
}
