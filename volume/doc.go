// Package volume keeps the files that a database lives on in step with its
// memory: Mounts finds them, Fingerprint and Compare tell whether they are
// the same, Capture copies them while the database is frozen, PutBack brings
// a capture back without ever losing what it replaces, and a Lease keeps two
// servers from living on one data folder.
//
// Everything goes by open folders and no symlink is followed, because a
// container may change its own files at any time. A folder is therefore named
// by its real path, as Mounts gives it.
//
// Whether a file was touched is told by its ctime, which no call can set; when
// that is to be believed, and when contents decide instead, is written in
// docs/MANIFEST.md. The order for a consistent fingerprint is: freeze, SyncFS,
// Fingerprint or Capture. After the thaw: Publish, then store the list.
//
// Where captures lie, who needs them and what is kept aside of rolled back
// volumes is in volume/captures and docs/CAPTURE.md.
package volume
