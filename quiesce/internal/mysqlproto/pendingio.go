package mysqlproto

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"github.com/lull-containers/lull/quiesce"
)

var _ quiesce.IOWitness = (*Session)(nil)

// PendingIO counts InnoDB's requests under way: the slots of its arrays for
// native AIO that are in use, which are free again only when the answer was
// taken and dealt with, and its status variables for the rest.
func (s *Session) PendingIO(ctx context.Context) (int, error) {
	row, err := s.Row(ctx, "asking for requests under way", "SHOW ENGINE INNODB STATUS")
	if err != nil {
		return 0, err
	}
	slots, err := slotsIn(row["status"])
	if err != nil {
		return 0, err
	}
	status, err := s.Status(ctx, "Innodb_data_pending_reads", "Innodb_data_pending_writes", "Innodb_data_pending_fsyncs")
	for _, n := range status {
		slots += int(Uint(n))
	}
	return slots, err
}

// slots are as InnoDB prints them, one number per thread that waits for
// answers; of an array with one thread it prints none.
var slots = regexp.MustCompile(`(?m)^Pending normal aio reads:\s*\[([0-9, ]+)\]\s*, aio writes:\s*\[([0-9, ]+)\]`)

func slotsIn(status string) (sum int, err error) {
	found := slots.FindStringSubmatch(status)
	if found == nil {
		return 0, &quiesce.Refusal{
			Class:  quiesce.ErrUnsupported,
			What:   "SHOW ENGINE INNODB STATUS does not tell which requests of native AIO are under way",
			Remedy: "set innodb_read_io_threads and innodb_write_io_threads to more than 1 (MySQL), or innodb_use_native_aio=0",
		}
	}
	for _, list := range found[1:] {
		for word := range strings.SplitSeq(list, ",") {
			n, err := strconv.Atoi(strings.TrimSpace(word))
			if err != nil {
				return 0, err
			}
			sum += n
		}
	}
	return sum, nil
}
