package ledger

import "fmt"

// Fault names what is wrong with a ledger.
type Fault string

// The faults that Check finds.
const (
	Hole      Fault = "hole"      // a number is missing below a client's highest one
	Duplicate Fault = "duplicate" // a number is there twice
	Missing   Fault = "lost"      // acknowledged before the cut, and not there
	AfterCut  Fault = "after-cut" // sent after the cut, and there
	Denied    Fault = "refused"   // the server said that it did not commit it, and it is there
	Stranger  Fault = "stranger"  // nobody sent it
	Skewed    Fault = "skewed"    // gone, though another client's later entry is there
	Torn      Fault = "torn"      // an entry and its transfer are not there together
	Unequal   Fault = "sum"       // the transfers or the balances do not sum to zero
	Balance   Fault = "balance"   // an account's balance is not the sum of its transfers
	Stuck     Fault = "stuck"     // a client wrote nothing after the restore
)

// None stands for a client or an account that a violation does not concern.
const None = -1

// Violation is one broken promise.
type Violation struct {
	Fault   Fault
	Client  int   // or None
	Seq     int64 // 0 when it concerns no entry
	Account int   // or None
	Detail  string
}

// Error is one line that names the client and the number, or the account.
func (v Violation) Error() string {
	switch {
	case v.Client != None && v.Seq != 0:
		return fmt.Sprintf("%s: client %d seq %d: %s", v.Fault, v.Client, v.Seq, v.Detail)
	case v.Client != None:
		return fmt.Sprintf("%s: client %d: %s", v.Fault, v.Client, v.Detail)
	case v.Account != None:
		return fmt.Sprintf("%s: account %d: %s", v.Fault, v.Account, v.Detail)
	}
	return fmt.Sprintf("%s: %s", v.Fault, v.Detail)
}

func entryFault(f Fault, client int, seq int64, format string, args ...any) Violation {
	return Violation{Fault: f, Client: client, Seq: seq, Account: None, Detail: fmt.Sprintf(format, args...)}
}

func accountFault(f Fault, account int, format string, args ...any) Violation {
	return Violation{Fault: f, Client: None, Account: account, Detail: fmt.Sprintf(format, args...)}
}
