// Package layers keeps the house's rule that imports go down only. It has
// nothing but tests: house_test.go is the table.
package layers
