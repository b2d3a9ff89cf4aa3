package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// await takes the answer to the last request, or makes an end of a process
// that has none in time.
func (c *Client) await(ctx context.Context, method string, result any) error {
	select {
	case r, ok := <-c.answers:
		if !ok {
			return c.obituary(ctx, method)
		}
		return c.accept(r, method, result)
	case <-ctx.Done():
		_ = c.Kill()
		return broken("was killed: no answer to "+method+" in time", ctx.Err())
	}
}

func (c *Client) accept(r response, method string, result any) error {
	switch {
	case r.ID != c.last:
		_ = c.Kill()
		return broken("answered another question than "+method, nil)
	case r.Error != nil:
		return r.Error.fromWire()
	case result == nil:
		return nil
	}
	if err := json.Unmarshal(r.Result, result); err != nil {
		_ = c.Kill()
		return broken("answered "+method+" with what is no answer", nil)
	}
	return nil
}

// obituary says why a process that is gone does not answer.
func (c *Client) obituary(ctx context.Context, method string) error {
	if err := c.Kill(); err != nil {
		return err
	}
	switch {
	case ctx.Err() != nil:
		return broken("was killed: no answer to "+method+" in time", ctx.Err())
	case c.garbage != nil:
		return broken("sent garbage in answer to "+method, c.garbage)
	case c.exit != nil:
		return broken("died in "+method, c.exit)
	}
	return broken("ended in "+method, errors.New("exit status 0"))
}

var _ fmt.Stringer = (*Client)(nil)

// String names the process, for logs.
func (c *Client) String() string { return fmt.Sprintf("agent %d", c.Pid()) }
