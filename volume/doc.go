// Package volume keeps the files that a database lives on in step with its
// memory: Mounts finds them, Fingerprint and Compare tell whether they are
// the same, Capture copies them while the database is frozen, PutBack brings
// a capture back without ever losing what it replaces, and a Lease keeps two
// servers from living on one data folder.
package volume
