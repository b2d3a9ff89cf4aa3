// Package diversion puts lull's programs on a host and the front in the stock
// shim's place, and takes all of it away again.
//
// containerd writes the path of a shim into the bundle of each container, and
// deletes the bundle of a running one whose path is gone after a restart. So a
// path is never without a program, not for a moment: the stock shim is linked
// beside itself first, and the front comes by one rename.
package diversion
