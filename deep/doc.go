// Package deep has a database's own programs check what a checkpoint captured,
// in a throwaway container of the database's own image, on a copy, without a
// network: what a comparison of digests cannot find, because it was damaged
// before it was captured.
package deep
