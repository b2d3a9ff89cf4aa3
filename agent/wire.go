package agent

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// protocol is the version of the messages; both sides must have the same.
const protocol = 1

// maxMessage bounds one line in either direction, in bytes, newline included.
const maxMessage = 1 << 20

// The methods, named as in quiesce.Session.
const (
	methodOpen      = "open"
	methodPreflight = "preflight"
	methodPlan      = "plan"
	methodRelease   = "release"
	methodFlush     = "flush"
	methodDrain     = "drain"
	methodFence     = "fence"
	methodPing      = "ping"
	methodEvidence  = "evidence"
	methodInFlight  = "in-flight"
	methodVerify    = "verify"
	methodPendingIO = "pending-io"
	methodExecute   = "execute"
	methodAsk       = "ask"
	methodWrites    = "writes"
	methodClose     = "close"
)

// request asks for one call. Deadline is the time left for it in
// milliseconds; zero is none.
type request struct {
	ID       uint64          `json:"id"`
	Method   string          `json:"method"`
	Params   json.RawMessage `json:"params,omitempty"`
	Deadline int64           `json:"deadline,omitempty"`
}

// response answers the request of the same id, with a result or an error.
type response struct {
	ID     uint64          `json:"id"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *wireError      `json:"error,omitempty"`
}

type openParams struct {
	Protocol int            `json:"protocol"`
	Memory   int64          `json:"memory"` // bytes that the process may grow by
	Target   quiesce.Target `json:"target"`
}

type drainParams struct {
	Wait   time.Duration  `json:"wait"`
	Policy quiesce.Policy `json:"policy"`
}

type planParams struct {
	Fence bool          `json:"fence"`
	Hold  time.Duration `json:"hold"`
}

type releaseParams struct {
	Held []manifest.Held `json:"held"`
}

type fenceParams struct {
	Hold time.Duration `json:"hold"`
}

type askParams struct {
	Query string `json:"query"`
}

type executeParams struct {
	Statements string `json:"statements"`
}

type verifyParams struct {
	Recorded manifest.Database `json:"recorded"`
}

// receiver reads messages from one pipe.
type receiver struct{ lines *bufio.Reader }

func newReceiver(r io.Reader) *receiver {
	return &receiver{bufio.NewReaderSize(r, maxMessage)}
}

// next decodes one line into m. It fails with io.EOF between messages when
// the other side is gone, and with another error on what is no message.
func (r *receiver) next(m any) error {
	line, err := r.lines.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return fmt.Errorf("a message of more than %d bytes", maxMessage)
	case errors.Is(err, io.EOF) && len(line) > 0:
		return io.ErrUnexpectedEOF
	case err != nil:
		return err
	}
	if err := json.Unmarshal(line, m); err != nil {
		return errors.New("not a message of this protocol") // the text may hold a secret
	}
	return nil
}

// encode makes one line of m, and fails when it would be too long.
func encode(m any) ([]byte, error) {
	line, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	if len(line)+1 > maxMessage {
		return nil, fmt.Errorf("a message of %d bytes, the limit is %d", len(line)+1, maxMessage)
	}
	return append(line, '\n'), nil
}
