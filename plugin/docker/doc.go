// Package docker is lull's authorization plugin for dockerd. It sees calls
// before dockerd does and may refuse them with a message: that is how the
// reason for a checkpoint that cannot work reaches the user before anything is
// touched. dockerd asks it about every call there is, so each answer is bounded
// in time, and where lull itself fails the answer is yes: the shim still judges
// everything that matters.
package docker
