package shim

import (
	"errors"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errgrpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/lull-containers/lull/internal/rpccode"
)

// reply maps errors to the classes of the RPC, once.
func reply(err error) (*emptypb.Empty, error) {
	if err != nil {
		return nil, fail(err)
	}
	return &emptypb.Empty{}, nil
}

// fail makes one line of an error, its code in front, and sends it with its
// class. Errors of classes that a client takes for something else than a
// failure are sent as a failed precondition.
func fail(err error) error {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	if code, ok := rpccode.Of(err); ok {
		return errgrpc.ToGRPC(rpccode.Wrap(code, errors.New(rpccode.Plain(text))))
	}
	class := errdefs.Resolve(err)
	if errors.Is(class, errdefs.ErrAlreadyExists) || errors.Is(class, errdefs.ErrNotFound) {
		class = errdefs.ErrFailedPrecondition
	}
	return errgrpc.ToGRPC(&flat{text, class})
}

// flat is an error without a chain: what is sent is one line and one class.
type flat struct {
	text  string
	class error
}

func (f *flat) Error() string { return f.text }

func (f *flat) Is(target error) bool { return target == f.class }
