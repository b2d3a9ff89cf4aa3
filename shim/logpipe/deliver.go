package logpipe

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a full pipe is waited for before looking again whether
// anybody reads it.
const patience = 50 * time.Millisecond

// deliver writes all of data to the reader, or what nobody takes to the spill.
func (p *Pipe) deliver(data []byte) {
	for len(data) > 0 {
		n, err := tryWrite(p.out, data)
		data = data[n:]
		if errors.Is(err, unix.EAGAIN) {
			if !p.last.Load() && p.read() {
				time.Sleep(patience)
				continue
			}
			p.log.write(data)
			return
		}
		if err != nil {
			p.log.note(err)
			p.log.write(data)
			return
		}
	}
}

// tryWrite writes what fits now.
func tryWrite(f *os.File, data []byte) (n int, err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	ctl := conn.Control(func(fd uintptr) { n, err = unix.Write(int(fd), data) })
	return max(n, 0), errors.Join(ctl, err)
}

// read tells whether another process has the public fifo open.
func (p *Pipe) read() bool {
	var want unix.Stat_t
	if err := unix.Stat(p.Public, &want); err != nil {
		return false
	}
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err == nil && pid != os.Getpid() && holds(dir, want) {
			return true
		}
	}
	return false
}

func holds(dir string, want unix.Stat_t) bool {
	fds, _ := os.ReadDir(dir + "/fd")
	for _, fd := range fds {
		var st unix.Stat_t
		err := unix.Stat(dir+"/fd/"+fd.Name(), &st)
		if err == nil && st.Dev == want.Dev && st.Ino == want.Ino {
			return true
		}
	}
	return false
}

// maxSpill bounds the file of output that nobody read, in bytes; the file
// before it is kept, so that between one and two of these are.
const maxSpill = 4 << 20

// spill is a file that starts over when it is full.
type spill struct {
	path string
	file *os.File
	size int
}

// write drops what cannot be written: the database goes before its log.
func (s *spill) write(data []byte) {
	if s.size+len(data) > maxSpill {
		_ = s.close()
		_ = os.Rename(s.path, s.path+".1")
	}
	if s.file == nil {
		f, err := os.OpenFile(s.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return
		}
		s.file, s.size = f, 0
	}
	n, _ := s.file.Write(data)
	s.size += n
}

func (s *spill) note(err error) { s.write(fmt.Appendf(nil, "lull: log pipe: %v\n", err)) }

func (s *spill) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}
