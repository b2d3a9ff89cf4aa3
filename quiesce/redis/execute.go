package redis

import (
	"context"
	"fmt"

	"github.com/lull-containers/lull/quiesce"
)

var _ quiesce.Executor = (*session)(nil)

// Execute runs commands of the user's: words separated by spaces, or in quotes.
func (s *session) Execute(ctx context.Context, commands string) error {
	if s.client == nil {
		return &quiesce.Refusal{Class: quiesce.ErrNotReady, What: "the session is closed"}
	}
	for i, one := range quiesce.Statements(commands) {
		words, err := commandWords(one)
		if err != nil {
			return &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: fmt.Sprintf("command %d: %v", i+1, err), Remedy: "write it as for redis-cli"}
		}
		args := make([]any, len(words))
		for i, word := range words {
			args[i] = word
		}
		if err := s.client.Do(ctx, args...).Err(); err != nil { // its words may repeat the command's
			return &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: fmt.Sprintf("command %d was refused", i+1), Remedy: "try it in redis-cli on a clone"}
		}
	}
	return nil
}
