// Package harness is what every end-to-end test stands on: lull built for
// tests, a containerd of the lab with lull's shim in the stock one's place,
// databases in containers, and the ledger that judges them. Whatever it
// starts has a name of its own and is removed by t.Cleanup, whatever state it
// is in; what could not be removed fails the test.
//
//	d := harness.Start(t, harness.Options{})
//	pg := d.Postgres(t, harness.PostgresOptions{Version: "17"})
//	load := pg.Load(t, 4)
package harness
