package netns

import (
	"os"
	"slices"
	"testing"
)

func TestUsers(t *testing.T) {
	all, err := Users("/proc/self/ns/net")
	if err != nil || !slices.ContainsFunc(all, func(u User) bool { return u.PID == os.Getpid() && u.Name != "" }) {
		t.Errorf("without this process: %v, %v", all, err)
	}
	if _, err := Users("/proc/self/ns/none"); err == nil {
		t.Error("no namespace has users")
	}
}
