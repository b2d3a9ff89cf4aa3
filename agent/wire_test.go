package agent

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/lull-containers/lull/quiesce"
)

// FuzzReceiver: no bytes make the decoder panic, loop, or take more than a
// message's length.
func FuzzReceiver(f *testing.F) {
	for _, seed := range []string{"", "\n", "{}\n", `{"id":1,"method":"ping"}` + "\n", "{\n}\n", "[1]\n", "null\n", `{"id":-1}` + "\n", "{}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		r := newReceiver(bytes.NewReader(input))
		for range bytes.Count(input, []byte("\n")) {
			var m request
			if err := r.next(&m); err != nil {
				return
			}
		}
		var m request
		if err := r.next(&m); err == nil {
			t.Error("a message without an end")
		}
	})
}

func TestReceiverRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		input string
		end   error
	}{
		"end between messages": {"", io.EOF},
		"end in a message":     {`{"id":1`, io.ErrUnexpectedEOF},
		"no JSON":              {"secret\n", nil},
		"too long":             {strings.Repeat(" ", maxMessage) + "{}\n", nil},
	} {
		err := newReceiver(strings.NewReader(c.input)).next(&request{})
		if err == nil || c.end != nil && !errors.Is(err, c.end) {
			t.Errorf("%s: got %v, want %v", name, err, c.end)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the input is told: %v", name, err)
		}
	}
}

// FuzzErrors: whatever an error says, it arrives as one bounded line without
// the secret, with its class.
func FuzzErrors(f *testing.F) {
	f.Add("what\nis wrong", "remedy", uint8(3))
	f.Add("secret", "se secretcret", uint8(200))
	f.Fuzz(func(t *testing.T, what, remedy string, n uint8) {
		class := classes()[int(n)%len(classes())].err
		sent := toWire(&quiesce.Refusal{Class: class, What: what, Remedy: remedy}, []string{"secret"})
		got := sent.fromWire()
		if !errors.Is(got, class) {
			t.Errorf("%v is no %v", got, class)
		}
		text := got.Error()
		if strings.ContainsAny(text, "\n\r") || len(text) > 3*maxText {
			t.Errorf("no bounded line: %q", text)
		}
		if strings.Contains(sent.What, "secret") && !strings.Contains(sent.What, "[secret]") {
			t.Errorf("the secret is told: %q", text)
		}
	})
}

func TestErrorsThatAreNoRefusals(t *testing.T) {
	wrapped := toWire(errors.Join(quiesce.ErrFence, context.Canceled), nil).fromWire()
	for _, class := range []error{quiesce.ErrFence, context.Canceled} {
		if !errors.Is(wrapped, class) {
			t.Errorf("%v is no %v", wrapped, class)
		}
	}
	if plain := toWire(errors.New("plain"), nil).fromWire(); errors.Is(plain, quiesce.ErrAgent) {
		t.Error("an error without a class got one")
	}
}

// FuzzServe: no requests make the server panic or hang; it ends with its
// input.
func FuzzServe(f *testing.F) {
	f.Add([]byte(`{"id":1,"method":"open","params":{"protocol":1}}` + "\n" + `{"id":2,"method":"ping"}` + "\n"))
	f.Add([]byte(`{"id":1,"method":"drain","params":{"wait":"x"}}` + "\n"))
	f.Add([]byte(`{"id":1,"method":"close"}` + "\n"))
	f.Fuzz(func(_ *testing.T, input []byte) {
		s := &server{out: io.Discard, confine: func(int64) error { return nil }}
		_ = s.serve(bytes.NewReader(input))
	})
}

func TestSecretsAreChosenWithCare(t *testing.T) {
	got := secrets(quiesce.Target{
		Engine: "postgres", User: "app", Database: "shop", Password: "canary",
		Env: map[string]string{"POSTGRES_PASSWORD": "postgres", "API_TOKEN": "token", "PGDATA": "/var/lib", "X_PWD": "abc", "Y_PASSWORD": "shop"},
	})
	seen := map[string]bool{}
	for _, s := range got {
		seen[s] = true
	}
	if !seen["canary"] || !seen["token"] || len(seen) != 2 {
		t.Errorf("the secrets are %q, want canary and token", got)
	}
}

func TestSecretsInArguments(t *testing.T) {
	args := []string{"redis-server", "--requirepass", "hidden-one", "--port", "6379", "--masterauth=hidden-two", "--requirepass"}
	got := secrets(quiesce.Target{Args: args})
	slices.Sort(got)
	if !slices.Equal(got, []string{"hidden-one", "hidden-two"}) {
		t.Errorf("%q", got)
	}
}
