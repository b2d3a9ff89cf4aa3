package fakemongod

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// The wire protocol: manual, "MongoDB Wire Protocol".
const (
	opReply = 1
	opQuery = 2004 // of a client's first hello only
	opMsg   = 2013

	headerSize = 16
	maxMessage = 48_000_000

	flagChecksum   = 1 << 0
	flagMoreToCome = 1 << 1
)

var errWire = errors.New("malformed message")

// request is one command with its arguments. Document sequences are arrays in
// it.
type request struct {
	id       int32
	legacy   bool // by OP_QUERY, to be answered by OP_REPLY
	noAnswer bool
	command  bson.D
}

func readRequest(r io.Reader) (request, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return request{}, err
	}
	size := int(binary.LittleEndian.Uint32(header[:]))
	if size < headerSize || size > maxMessage {
		return request{}, fmt.Errorf("%w: %d bytes", errWire, size)
	}
	body := make([]byte, size-headerSize)
	if _, err := io.ReadFull(r, body); err != nil {
		return request{}, err
	}
	q := request{id: int32(binary.LittleEndian.Uint32(header[4:]))}
	switch op := binary.LittleEndian.Uint32(header[12:]); op {
	case opMsg:
		return q, q.parseMsg(body)
	case opQuery:
		q.legacy = true
		return q, q.parseQuery(body)
	default:
		return q, fmt.Errorf("%w: op code %d", errWire, op)
	}
}

func (q *request) parseMsg(body []byte) error {
	if len(body) < 5 {
		return errWire
	}
	flags := binary.LittleEndian.Uint32(body)
	q.noAnswer = flags&flagMoreToCome != 0
	rest := body[4:]
	if flags&flagChecksum != 0 && len(rest) > 4 {
		rest = rest[:len(rest)-4]
	}
	for len(rest) > 0 {
		kind, section := rest[0], rest[1:]
		if len(section) < 4 {
			return errWire
		}
		size := int(binary.LittleEndian.Uint32(section))
		if size < 5 || size > len(section) {
			return errWire
		}
		if err := q.addSection(kind, section[:size]); err != nil {
			return err
		}
		rest = section[size:]
	}
	return nil
}

func (q *request) addSection(kind byte, section []byte) error {
	if kind == 0 {
		var d bson.D
		if err := bson.Unmarshal(section, &d); err != nil {
			return err
		}
		q.command = append(d, q.command...)
		return nil
	}
	name, rest, ok := cString(section[4:])
	if !ok {
		return errWire
	}
	var list bson.A
	for len(rest) >= 4 {
		size := int(binary.LittleEndian.Uint32(rest))
		if size < 5 || size > len(rest) {
			return errWire
		}
		var d bson.D
		if err := bson.Unmarshal(rest[:size], &d); err != nil {
			return err
		}
		list, rest = append(list, d), rest[size:]
	}
	q.command = append(q.command, bson.E{Key: name, Value: list})
	return nil
}

// parseQuery reads flags, a collection's name, skip, limit and a document.
func (q *request) parseQuery(body []byte) error {
	if len(body) < 4 {
		return errWire
	}
	_, rest, ok := cString(body[4:])
	if !ok || len(rest) < 8+5 {
		return errWire
	}
	return bson.Unmarshal(rest[8:], &q.command)
}

func cString(b []byte) (string, []byte, bool) {
	for i, c := range b {
		if c == 0 {
			return string(b[:i]), b[i+1:], true
		}
	}
	return "", nil, false
}

// writeAnswer sends one document as the answer to a request.
func writeAnswer(w io.Writer, q request, answer bson.D) error {
	document, err := bson.Marshal(answer)
	if err != nil {
		return err
	}
	op, lead := uint32(opMsg), make([]byte, 5)
	if q.legacy { // flags, cursor, starting from, number returned
		op, lead = opReply, make([]byte, 20)
		binary.LittleEndian.PutUint32(lead, 8) // await capable
		binary.LittleEndian.PutUint32(lead[16:], 1)
	}
	message := make([]byte, headerSize, headerSize+len(lead)+len(document))
	binary.LittleEndian.PutUint32(message, uint32(headerSize+len(lead)+len(document)))
	binary.LittleEndian.PutUint32(message[8:], uint32(q.id))
	binary.LittleEndian.PutUint32(message[12:], op)
	_, err = w.Write(append(append(message, lead...), document...))
	return err
}
