package redis

import (
	"context"
	"fmt"
	"strings"

	"github.com/lull-containers/lull/quiesce"
)

var _ quiesce.Executor = (*session)(nil)

// Execute runs commands of the user's, words separated by spaces.
func (s *session) Execute(ctx context.Context, commands string) error {
	if s.client == nil {
		return &quiesce.Refusal{Class: quiesce.ErrNotReady, What: "the session is closed"}
	}
	for i, one := range quiesce.Statements(commands) {
		var args []any
		for _, word := range strings.Fields(one) {
			args = append(args, word)
		}
		if err := s.client.Do(ctx, args...).Err(); err != nil { // its words may repeat the command's
			return &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: fmt.Sprintf("command %d was refused", i+1), Remedy: "try it in redis-cli on a clone"}
		}
	}
	return nil
}
