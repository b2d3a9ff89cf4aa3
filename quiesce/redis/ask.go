package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/redis/go-redis/v9"

	"github.com/lull-containers/lull/quiesce"
)

var _ quiesce.Validator = (*session)(nil)

// Ask runs one command that only reads, by the server's own word, and does not
// wait for anything. It gives a number or a text; no key is no value.
func (s *session) Ask(ctx context.Context, query string) (quiesce.Answer, error) {
	words, err := commandWords(query)
	if err != nil {
		return quiesce.Answer{}, &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: err.Error(), Remedy: "use a command such as DBSIZE or HGET shop total"}
	}
	if err := s.readsOnly(ctx, words); err != nil {
		return quiesce.Answer{}, err
	}
	args := make([]any, len(words))
	for i, w := range words {
		args[i] = w
	}
	v, err := s.do(ctx, "answering", args...)
	switch {
	case errors.Is(err, redis.Nil):
		return quiesce.Answer{Null: true}, nil
	case errors.Is(err, quiesce.ErrPrivilege):
		return quiesce.Answer{}, mayNot(err, fmt.Sprintf("ACL SETUSER %s +%s and ~ with its keys", s.account(), strings.ToLower(words[0])))
	case err != nil:
		return quiesce.Answer{}, err
	}
	return answerOf(v)
}

func answerOf(v any) (quiesce.Answer, error) {
	switch v := v.(type) {
	case nil:
		return quiesce.Answer{Null: true}, nil
	case string:
		return quiesce.NewAnswer(v, false)
	case int64:
		return quiesce.Answer{Value: strconv.FormatInt(v, 10)}, nil
	}
	return quiesce.Answer{}, &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: "the answer is not one value", Remedy: "use a command such as DBSIZE or HGET shop total"}
}

func (s *session) account() string {
	if s.login.user != "" {
		return s.login.user
	}
	return "default"
}

// mayNot is a refusal with another remedy.
func mayNot(err error, remedy string) error {
	var r *quiesce.Refusal
	if !errors.As(err, &r) {
		return err
	}
	told := *r
	told.Remedy = remedy
	return &told
}

// readsOnly asks the server what a command is. Old ones have no word for the
// reads that wait.
func (s *session) readsOnly(ctx context.Context, words []string) error {
	answer, err := s.do(ctx, "asking what "+words[0]+" is", "COMMAND", "INFO", words[0])
	if errors.Is(err, quiesce.ErrPrivilege) {
		return mayNot(err, "ACL SETUSER "+s.account()+" +command")
	}
	if err != nil {
		return err
	}
	flags := flagsOf(answer)
	waits := slices.Contains(flags, "blocking") || slices.ContainsFunc(words[1:], func(w string) bool { return strings.EqualFold(w, "BLOCK") })
	if slices.Contains(flags, "readonly") && !waits {
		return nil
	}
	what := words[0] + " is no command that only reads"
	if waits {
		what = words[0] + " may wait"
	}
	return &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: what, Remedy: "use a command such as DBSIZE or HGET shop total"}
}

// flagsOf are those of the one command in an answer of COMMAND INFO: name,
// arity, flags, …
func flagsOf(answer any) (flags []string) {
	list, _ := answer.([]any)
	if len(list) != 1 {
		return nil
	}
	about, _ := list[0].([]any)
	if len(about) < 3 {
		return nil
	}
	words, _ := about[2].([]any)
	for _, w := range words {
		flags = append(flags, fmt.Sprint(w))
	}
	return flags
}

// commandWords splits a command at its spaces; one in quotes, single or double,
// is kept whole.
func commandWords(line string) (words []string, err error) {
	var word strings.Builder
	var quote rune
	open := false // a word has begun
	end := func() {
		if open {
			words = append(words, word.String())
		}
		word.Reset()
		open = false
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote, open = r, true
		case quote == 0 && unicode.IsSpace(r):
			end()
		default:
			word.WriteRune(r)
			open = true
		}
	}
	if quote != 0 {
		return nil, errors.New("a quote is not closed")
	}
	if end(); len(words) == 0 || words[0] == "" {
		return nil, errors.New("there is no command")
	}
	return words, nil
}

// Writes is what changes with each write, also with one of the server's own:
// keys that expire, and that are evicted.
func (s *session) Writes(ctx context.Context) (string, error) {
	facts, err := s.look(ctx)
	if err != nil {
		return "", err
	}
	var marks []string
	for _, key := range []string{keyChanges, keySaved, keyEvicted, "expired_keys"} {
		marks = append(marks, facts[key])
	}
	return strings.Join(marks, "+"), nil
}
