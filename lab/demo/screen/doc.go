// Package screen tells a story on a terminal, or in a file: headings, prose,
// commands as a user would type them, a line that lives while something is
// waited for, and a picture of how clients fared. It knows nothing of what the
// story is about.
package screen
