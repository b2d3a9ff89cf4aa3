package agent

import (
	"context"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

var (
	_ quiesce.Session   = (*Client)(nil)
	_ quiesce.IOWitness = (*Client)(nil)
	_ quiesce.Validator = (*Client)(nil)
)

// closeTime bounds a friendly end before the kill.
const closeTime = 2 * time.Second

// Preflight is quiesce.Preflighter's.
func (c *Client) Preflight(ctx context.Context) (r quiesce.Report, err error) {
	err = c.call(ctx, methodPreflight, nil, &r)
	return r, err
}

// Plan is quiesce.Releaser's.
func (c *Client) Plan(ctx context.Context, fence bool, hold time.Duration) (h []manifest.Held, err error) {
	err = c.call(ctx, methodPlan, planParams{Fence: fence, Hold: hold}, &h)
	return h, err
}

// Release is quiesce.Releaser's.
func (c *Client) Release(ctx context.Context, held []manifest.Held) error {
	return c.call(ctx, methodRelease, releaseParams{Held: held}, nil)
}

// Flush is quiesce.Quiescer's.
func (c *Client) Flush(ctx context.Context) error {
	return c.call(ctx, methodFlush, nil, nil)
}

// Drain is quiesce.Quiescer's.
func (c *Client) Drain(ctx context.Context, wait time.Duration, p quiesce.Policy) (t manifest.Transactions, err error) {
	err = c.call(ctx, methodDrain, drainParams{Wait: wait, Policy: p}, &t)
	return t, err
}

// Fence is quiesce.Quiescer's.
func (c *Client) Fence(ctx context.Context, hold time.Duration) (h []manifest.Held, err error) {
	err = c.call(ctx, methodFence, fenceParams{Hold: hold}, &h)
	return h, err
}

// Ping is quiesce.Quiescer's.
func (c *Client) Ping(ctx context.Context) error {
	return c.call(ctx, methodPing, nil, nil)
}

// Evidence is quiesce.Witness's.
func (c *Client) Evidence(ctx context.Context) (d manifest.Database, err error) {
	err = c.call(ctx, methodEvidence, nil, &d)
	return d, err
}

// InFlight is quiesce.Witness's.
func (c *Client) InFlight(ctx context.Context) (n int, err error) {
	err = c.call(ctx, methodInFlight, nil, &n)
	return n, err
}

// PendingIO is quiesce.IOWitness's.
func (c *Client) PendingIO(ctx context.Context) (n int, err error) {
	err = c.call(ctx, methodPendingIO, nil, &n)
	return n, err
}

// Verify is quiesce.Witness's.
func (c *Client) Verify(ctx context.Context, recorded manifest.Database) (v quiesce.Verdict, err error) {
	err = c.call(ctx, methodVerify, verifyParams{Recorded: recorded}, &v)
	return v, err
}

// Ask is quiesce.Validator's. It fails with ErrUnsupported where the driver
// answers no queries.
func (c *Client) Ask(ctx context.Context, query string) (a quiesce.Answer, err error) {
	err = c.call(ctx, methodAsk, askParams{Query: query}, &a)
	return a, err
}

// Writes is quiesce.Validator's.
func (c *Client) Writes(ctx context.Context) (mark string, err error) {
	err = c.call(ctx, methodWrites, nil, &mark)
	return mark, err
}

// Execute is quiesce.Executor's.
func (c *Client) Execute(ctx context.Context, statements string) error {
	return c.call(ctx, methodExecute, executeParams{Statements: statements}, nil)
}

// Close lets the driver end its session and ends the process, by force after
// two seconds. It returns when the process is reaped; closing what is gone
// already is no error.
func (c *Client) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	select {
	case <-c.reaped:
		return nil
	default:
	}
	err := c.call(ctx, methodClose, nil, nil)
	_ = c.Kill()
	return err
}
