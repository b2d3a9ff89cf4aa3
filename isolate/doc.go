// Package isolate keeps what a copy of a database does to itself: stand-ins for
// mounts that others could be reached by, and a mark that keeps a container
// apart for as long as it exists, through every restart of its task.
package isolate
