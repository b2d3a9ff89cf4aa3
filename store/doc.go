// Package store keeps checkpoints as containerd images: an index whose parts
// are told apart by media type. It writes the indexes that containerd's own
// clients write, reads theirs and ours, takes the consistency manifest out of
// the archive of CRIU images without unpacking it, and makes a container from
// a checkpoint again.
package store
