// Package carry sees checkpoints carried from one machine to another. It has
// nothing but tests.
package carry
