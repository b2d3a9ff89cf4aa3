// Package fakemongod is a fake mongod for tests: no mongod can be had where
// these tests run. It speaks the wire protocol (OP_MSG, and OP_QUERY for the
// first hello), authenticates with SCRAM-SHA-256, keeps its documents in a
// journal that a cold start replays, and does what MongoDB's manual says of
// the commands that lull's driver uses, the counted fsyncLock above all. It is
// a fake: what passes here was not seen on MongoDB. Each command names the page
// of the manual that it follows.
package fakemongod
