package hooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// socketOf is where the keeper of one CRIU listens.
func socketOf(stateDir string, criu int) string {
	return filepath.Join(stateDir, "hooks", strconv.Itoa(criu)+".sock")
}

// reply is what a keeper answers a call with; the text of an error, or empty.
type reply struct {
	Error string `json:"error,omitempty"`
}

// ask has the keeper do what a stage is for and waits for its answer.
// fs.ErrNotExist: CRIU works on nothing of lull's.
func ask(ctx context.Context, socket string, c Call) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return fmt.Errorf("%w: %w", errKeeperGone, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	var r reply
	if err := json.NewEncoder(conn).Encode(c); err != nil {
		return fmt.Errorf("%w: %w", errKeeperGone, err)
	}
	if err := json.NewDecoder(conn).Decode(&r); err != nil {
		return errors.Join(ctx.Err(), fmt.Errorf("%w: %w", errKeeperGone, err))
	}
	if r.Error != "" {
		return errors.New(r.Error)
	}
	return nil
}

// errKeeperGone: somebody has killed the process that held everything.
var errKeeperGone = errors.New("lull's keeper of this operation is gone")

// listen makes the socket; one of an earlier CRIU with this pid goes.
func listen(socket string) (*net.UnixListener, error) {
	if err := os.MkdirAll(filepath.Dir(socket), 0o700); err != nil {
		return nil, err
	}
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // the keeper goes on to listen
	return l, nil
}

// call is a script that waits for its answer.
type call struct {
	Call
	conn net.Conn
}

// answer ends the stage; only the first answer counts, and one that nobody reads
// is no loss.
func (c *call) answer(err error) {
	if c.conn == nil {
		return
	}
	r := reply{}
	if err != nil {
		r.Error = oneLine(err)
	}
	_ = json.NewEncoder(c.conn).Encode(r)
	c.conn.Close()
	c.conn = nil
}

// calls accepts until the listener is closed.
func calls(l net.Listener) <-chan *call {
	all := make(chan *call)
	go func() {
		defer close(all)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c := &call{conn: conn}
			if err := json.NewDecoder(conn).Decode(&c.Call); err != nil {
				conn.Close()
				continue
			}
			all <- c
		}
	}()
	return all
}
