package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lull-containers/lull/internal/diversion"
)

// prove runs the throwaway containers on each containerd that the installation is
// for, and says how it went.
func (a *app) prove(ctx context.Context, w diversion.Wanted, o installOptions, verified *string) error {
	if o.unverified {
		*verified = "no, as asked"
		return nil
	}
	folder, err := filepath.Abs(filepath.Dir(w.Record))
	if err != nil {
		return err
	}
	var ran, silent []string
	for _, address := range addresses(a.address, findEngines(), w.Shims) {
		d, err := findDaemon(address)
		if err != nil { // a host may be installed before its containerd is started
			silent = append(silent, err.Error())
			continue
		}
		on := *a
		on.address = address
		if err := on.tryOut(ctx, filepath.Join(w.Bin, diversion.Command), folder); err != nil {
			return fmt.Errorf("%s (process %d): %w", d.exe, d.pid, err)
		}
		ran = append(ran, fmt.Sprintf("%s (process %d)", d.exe, d.pid))
	}
	*verified = proof(ran, silent)
	return nil
}

// addresses are the sockets of the containerds that find one of the shims, after
// the one that was asked for.
func addresses(asked string, engines []foundEngine, shims []string) []string {
	all := []string{asked}
	for _, e := range engines {
		diverted := slices.ContainsFunc(shims, func(shim string) bool { return e.Shim != "" && diversion.SameFile(e.Shim, shim) })
		known := slices.ContainsFunc(all, func(address string) bool {
			return diversion.SameFile(strings.TrimPrefix(address, "unix://"), e.Address)
		})
		if diverted && !known && !slices.Contains(all, e.Address) {
			all = append(all, e.Address)
		}
	}
	return all
}

func proof(ran, silent []string) string {
	if len(ran) == 0 {
		return "no: " + strings.Join(silent, "; ")
	}
	text := "two throwaway containers ran on " + strings.Join(ran, " and on ")
	if len(silent) > 0 {
		text += "; not tried: " + strings.Join(silent, "; ")
	}
	return text
}
