package procs

import (
	"os"
	"os/exec"
	"testing"
)

func TestParentAndAlive(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if parent, err := Parent(cmd.Process.Pid); err != nil || parent != os.Getpid() {
		t.Errorf("parent %d, %v", parent, err)
	}
	if !Alive(cmd.Process.Pid) {
		t.Error("a sleeper is not alive")
	}
	if traced, err := Traced([]int{cmd.Process.Pid}, os.Getpid()); traced || err != nil {
		t.Errorf("a sleeper is traced: %v, %v", traced, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if Alive(cmd.Process.Pid) {
		t.Error("a killed process is alive")
	}
	if traced, err := Traced([]int{cmd.Process.Pid}, os.Getpid()); !traced || err != nil {
		t.Errorf("a process that is gone runs: %v, %v", traced, err)
	}
}
