// Package mongo is end to end about MongoDB's driver, through ctr, the shim and
// CRIU: against the fake mongod, because there is no mongod to be had, and
// against FerretDB, a real server that has no fsync.
package mongo
