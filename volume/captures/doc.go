// Package captures is the store of captured volumes: where each goes, who
// still needs it, and how it is removed. docs/CAPTURE.md has the layout on disk.
//
// For whoever lists and removes checkpoints: Store.List and Store.Get tell what
// there is, Store.Hold and Store.Release count references beside those of
// images (a clone's, for example), Store.Remove refuses a capture that is held
// or worked on, Store.Sweep removes what a crash left half done, Store.Asides
// lists what rollbacks keep aside of volumes and Store.DropAside lets it go.
package captures
