// Package ledger is the load and the judge of every test that checkpoints a
// database. Clients write numbered entries and transfers; every commit that is
// sent and every answer that comes back goes into an acknowledgement log.
// From this log alone Check decides whether a database that was read back is
// exactly the state at the cut: nothing acknowledged is lost, nothing of after
// the cut is there, nothing is torn.
//
// A new kind of database takes part by implementing Store and Session.
package ledger
