// Package hooks does what the shim does where there is none: for plain runc,
// Podman, and every engine whose runtime has CRIU run action scripts. The
// sequences are the engine package's own; the scripts are the points where CRIU
// and a sequence meet.
//
// Each of CRIU's stages starts a short-lived Script. The first of an operation
// starts a keeper, which lives as long as that CRIU does and holds what has to
// be held in between: the conversation with the database, the freeze, the
// undos. Scripts and keeper meet at a socket that is named after CRIU's pid.
package hooks
