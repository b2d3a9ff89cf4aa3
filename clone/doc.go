// Package clone gives a copy of a checkpointed container what must be its own:
// its files, laid over the read-only captures or sharing their blocks, its
// network, with an address that the host can reach and no way out, and its
// place in the OCI spec. Making the container is the restore's business, which
// is the same for a copy and for an original.
//
// What a clone has is in a folder of its own in the store, with a record that
// says how far it came: whoever makes clones next takes back what a killed
// process left half made.
package clone
