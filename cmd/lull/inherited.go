package main

import (
	"errors"
	"fmt"
	"net"
	"os"
)

// inheritedFD is the descriptor of the first file that a process of lull's
// hands to another one (exec.Cmd.ExtraFiles).
const inheritedFD = 3

// inheritedListener takes the socket over that this process was started with;
// by is who starts such processes.
func inheritedListener[L net.Listener](by string) (L, error) {
	var none L
	f := os.NewFile(inheritedFD, "socket")
	l, err := net.FileListener(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return none, fmt.Errorf("only %s starts this: %w", by, err)
	}
	of, ok := l.(L)
	if !ok {
		return none, errors.Join(fmt.Errorf("only %s starts this: descriptor %d is a %T", by, inheritedFD, l), l.Close())
	}
	return of, nil
}
