package postgres

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"time"
)

// sslRequest is the code of the message that asks a server for TLS.
const sslRequest = 80877103

// errNotPostgres says that a listener answers something else.
var errNotPostgres = errors.New("the listener does not speak PostgreSQL")

// encrypt asks for TLS and takes what the server prefers, on the one
// connection that there is: source ports may be few. The certificate is not
// verified, because the listener is known to be the container's own socket.
func encrypt(ctx context.Context, conn net.Conn) (net.Conn, error) {
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return nil, err
		}
	}
	answer, err := askTLS(conn)
	if err != nil {
		return nil, err
	}
	switch answer {
	case 'N':
		return conn, conn.SetDeadline(time.Time{})
	case 'S':
		secure := tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		return secure, conn.SetDeadline(time.Time{})
	}
	return nil, errNotPostgres
}

func askTLS(conn net.Conn) (byte, error) {
	message := binary.BigEndian.AppendUint32(nil, 8)
	message = binary.BigEndian.AppendUint32(message, sslRequest)
	if _, err := conn.Write(message); err != nil {
		return 0, err
	}
	var answer [1]byte
	_, err := io.ReadFull(conn, answer[:])
	return answer[0], err
}
