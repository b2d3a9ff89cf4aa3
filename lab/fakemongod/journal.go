package fakemongod

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// journalName is the file in the data folder that holds every write. What is
// acknowledged is written to it; flush brings it to the disk.
const journalName = "journal.fake"

const recordHeader = 8 // length and checksum

// journal is appended to only.
type journal struct{ file *os.File }

// openJournal replays what is there, up to a torn end, which it cuts off.
func openJournal(folder string, replay func(record)) (*journal, error) {
	file, err := os.OpenFile(filepath.Join(folder, journalName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	end, err := replayAll(file, replay)
	if err == nil {
		err = file.Truncate(end)
	}
	if err == nil {
		_, err = file.Seek(end, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &journal{file}, nil
}

func replayAll(file *os.File, replay func(record)) (end int64, err error) {
	for {
		var header [recordHeader]byte
		if _, err := io.ReadFull(file, header[:]); err != nil {
			return end, torn(err)
		}
		size := binary.LittleEndian.Uint32(header[:])
		if size > maxMessage {
			return end, nil
		}
		body := make([]byte, size)
		if _, err := io.ReadFull(file, body); err != nil {
			return end, torn(err)
		}
		var r record
		if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(header[4:]) || bson.Unmarshal(body, &r) != nil {
			return end, nil //nolint:nilerr // the torn end
		}
		replay(r)
		end += recordHeader + int64(size)
	}
}

func torn(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

func (j *journal) append(r record) error {
	body, err := bson.Marshal(r)
	if err != nil {
		return err
	}
	out := make([]byte, recordHeader, recordHeader+len(body))
	binary.LittleEndian.PutUint32(out, uint32(len(body)))
	binary.LittleEndian.PutUint32(out[4:], crc32.ChecksumIEEE(body))
	_, err = j.file.Write(append(out, body...))
	return err
}

func (j *journal) flush() error { return j.file.Sync() }

func (j *journal) close() error { return j.file.Close() }
