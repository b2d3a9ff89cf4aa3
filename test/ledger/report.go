package ledger

import (
	"errors"
	"fmt"
	"strings"
)

// shownPerFault bounds the text of a report; Report.Violations has them all.
const shownPerFault = 10

// Report is the verdict on one state.
type Report struct {
	Clients    []ClientReport // by number
	Transfers  int            // entries with their transfer
	Cuts       []Span         // where each rollback's cut lay, as far as the entries tell
	Violations []Violation
}

// ClientReport is what one client wrote and what is there of it.
type ClientReport struct {
	Client   int
	Sent     int   // commits in the whole log
	Required int64 // highest number that must be there
	K        int64 // highest number that is there
	InDoubt  int   // entries that may be there or not: unanswered, or at the cut
	Kept     int   // of these, the ones that are there
}

// Err joins the violations; nil when every promise was kept.
func (r *Report) Err() error {
	errs := make([]error, len(r.Violations))
	for i, v := range r.Violations {
		errs[i] = v
	}
	return errors.Join(errs...)
}

// String is a table of the clients and the violations in words.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "ledger: %d clients, %d entries with their transfers\n", len(r.Clients), r.Transfers)
	fmt.Fprintf(&b, "%6s  %8s  %9s  %8s  %8s  %5s\n", "client", "sent", "must have", "has", "in doubt", "kept")
	for _, c := range r.Clients {
		fmt.Fprintf(&b, "%6d  %8d  %9s  %8s  %8d  %5d\n", c.Client, c.Sent, upTo(c.Required), upTo(c.K), c.InDoubt, c.Kept)
	}
	for _, s := range r.Cuts {
		fmt.Fprintf(&b, "the cut lay %s\n", s)
	}
	r.writeViolations(&b)
	return b.String()
}

func (r *Report) writeViolations(b *strings.Builder) {
	if len(r.Violations) == 0 {
		b.WriteString("every acknowledged entry is there, nothing else is, and the transfers sum to 0\n")
		return
	}
	count := map[Fault]int{}
	for _, v := range r.Violations {
		if count[v.Fault]++; count[v.Fault] <= shownPerFault {
			fmt.Fprintln(b, v.Error())
		}
	}
	for _, v := range r.Violations {
		if n := count[v.Fault]; n > shownPerFault {
			fmt.Fprintf(b, "%s: and %d more\n", v.Fault, n-shownPerFault)
			delete(count, v.Fault)
		}
	}
}

func upTo(k int64) string {
	if k == 0 {
		return "none"
	}
	return fmt.Sprintf("1..%d", k)
}

// finish counts, client by client.
func (c *checker) finish() *Report {
	by := map[int]*ClientReport{}
	for _, client := range c.clients() {
		by[client] = &ClientReport{Client: client}
	}
	for _, a := range c.ordered {
		c.count(by[a.Client], a)
	}
	for _, client := range c.clients() {
		if rows := c.rows[client]; len(rows) > 0 {
			by[client].K = rows[len(rows)-1].Seq
		}
		c.report.Clients = append(c.report.Clients, *by[client])
	}
	c.report.Transfers = len(c.present)
	return &c.report
}

func (c *checker) count(r *ClientReport, a Attempt) {
	r.Sent++
	_, there := c.present[a.Attempt]
	_, gone := c.takenBack(a)
	switch {
	case c.required(a):
		r.Required = max(r.Required, a.Seq)
	case gone || a.Outcome == NotCommitted:
	default:
		r.InDoubt++
		if there {
			r.Kept++
		}
	}
}
