package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"filippo.io/age"
)

// recipients reads public keys, from the command line and from files.
func recipients(keys, files []string) (all []age.Recipient, names []string, err error) {
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, fail(exitUsage, "", "--recipients-file: %w", err)
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				keys = append(keys, line)
			}
		}
	}
	for _, key := range keys {
		one, err := age.ParseRecipients(strings.NewReader(key))
		if err != nil {
			return nil, nil, fail(exitUsage, "give a public key of age: age1…", "recipient %.70q: %w", key, err)
		}
		all, names = append(all, one...), append(names, key)
	}
	return all, names, nil
}

// identities reads private keys.
func identities(files []string) (all []age.Identity, err error) {
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			return nil, fail(exitUsage, "", "--identity: %w", err)
		}
		found, err := age.ParseIdentities(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, fail(exitUsage, "give a file that age-keygen wrote", "--identity: %w", fmt.Errorf("%s: %w", path, err))
		}
		all = append(all, found...)
	}
	return all, nil
}
