package diversion

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Caller is what starts lull's command, or runs it, and is no shim.
type Caller struct {
	Program string // the command
	What    string // who it is and what ends it, in words
}

// needs tells whether a file is the command, or the agent, which it starts.
func (c Caller) needs(file string) bool {
	name := filepath.Base(file)
	return filepath.Dir(file) == filepath.Dir(c.Program) && (name == Command || name == Agent)
}

// Processes are those that run a command of the record, this one excepted: a
// plugin that starts itself again, a command under way.
func (r Record) Processes() (all []Caller) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		exe, err := os.Readlink(filepath.Join(dir, "exe"))
		if err != nil || pid == os.Getpid() {
			continue
		}
		for _, file := range r.commands() {
			if strings.TrimSuffix(exe, " (deleted)") == file || SameFile(filepath.Join(dir, "exe"), file) {
				all = append(all, Caller{file, fmt.Sprintf("process %d (%s) runs it: end that", pid, commandLine(dir))})
			}
		}
	}
	return all
}

func commandLine(dir string) string {
	line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
	return string(bytes.TrimSpace(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
}

// CalledBy are the commands of the record that the text of a file names.
func (r Record) CalledBy(text string) (commands []string) {
	for _, file := range r.commands() {
		if strings.Contains(text, file) {
			commands = append(commands, file)
		}
	}
	return commands
}

func (r Record) commands() []string {
	return only(r.Files, func(file string) bool { return filepath.Base(file) == Command })
}
