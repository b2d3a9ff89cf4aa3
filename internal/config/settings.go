package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docker/go-units"
)

// Settings are the checked settings of one container.
type Settings struct {
	Mode            string        // flush, fence, none; empty: the engine's default
	Require         string        // clean, flushed, crash-consistent
	InFlight        string        // keep, abort, terminate
	Connections     string        // close, keep, refuse
	OnDrift         string        // refuse, rollback, cold
	Lineage         string        // refuse, isolate
	Volumes         string        // auto, fingerprint
	Operator        string        // refuse, allow
	MaxCopy         int64         // bytes
	PauseBudget     time.Duration // of the Pause call, quiesce included
	DrainTimeout    time.Duration
	MaxFrozen       time.Duration // until the watchdog thaws
	RestoreDeadline time.Duration // until the restored database must be verified
	ExecTimeout     time.Duration // of one command in the container
}

// choices lists what each label may say; the first word is the default.
type choice struct {
	key   string
	field *string
	words []string
}

func (v *Values) choices() []choice {
	return []choice{
		{"mode", &v.Mode, []string{"", "flush", "fence", "none"}},
		{"require", &v.Require, []string{"flushed", "clean", "crash-consistent"}},
		{"in-flight", &v.InFlight, []string{"keep", "abort", "terminate"}},
		{"connections", &v.Connections, []string{"close", "keep", "refuse"}},
		{"on-drift", &v.OnDrift, []string{"refuse", "rollback", "cold"}},
		{"lineage", &v.Lineage, []string{"refuse", "isolate"}},
		{"volumes", &v.Volumes, []string{"auto", "fingerprint"}},
		{"operator", &v.Operator, []string{"refuse", "allow"}},
	}
}

type span struct {
	key   string
	field *Duration
}

func (v *Values) spans() []span {
	return []span{
		{"pause-budget", &v.PauseBudget},
		{"drain-timeout", &v.DrainTimeout},
		{"max-frozen", &v.MaxFrozen},
		{"restore-deadline", &v.RestoreDeadline},
		{"exec-timeout", &v.ExecTimeout},
	}
}

// For lays labels over the defaults. The keys are without the prefix "lull/".
// Everything wrong is reported at once; the settings are then the defaults
// for the keys that are wrong.
func (c Config) For(labels map[string]string) (Settings, error) {
	v := c.Defaults
	err := v.apply(labels)
	s, more := v.settings()
	if more != nil {
		s, _ = c.Defaults.settings()
	}
	return s, errors.Join(err, more)
}

func (v *Values) apply(labels map[string]string) error {
	var errs []error
	for _, ch := range v.choices() {
		if word, ok := labels[ch.key]; ok {
			errs = append(errs, set(ch, word))
		}
	}
	for _, sp := range v.spans() {
		if text, ok := labels[sp.key]; ok {
			errs = append(errs, setSpan(sp, text))
		}
	}
	if size, ok := labels["max-copy"]; ok {
		v.MaxCopy = size
	}
	return errors.Join(errs...)
}

func set(ch choice, word string) error {
	if !slices.Contains(ch.words, word) {
		return fmt.Errorf("lull/%s=%q: use one of %s", ch.key, word, strings.TrimLeft(strings.Join(ch.words, ", "), ", "))
	}
	*ch.field = word
	return nil
}

func setSpan(sp span, text string) error {
	var d Duration
	if err := d.UnmarshalText([]byte(text)); err != nil {
		return fmt.Errorf("lull/%s=%q: use a duration such as 900ms, 5s or 1m", sp.key, text)
	}
	*sp.field = d
	return nil
}

func (v Values) settings() (Settings, error) {
	for _, ch := range v.choices() {
		if err := set(ch, *ch.field); err != nil {
			return Settings{}, err
		}
	}
	size, err := units.RAMInBytes(v.MaxCopy)
	if err != nil {
		return Settings{}, fmt.Errorf("lull/max-copy=%q: use a size such as 500MiB or 10GiB", v.MaxCopy)
	}
	return Settings{
		Mode: v.Mode, Require: v.Require, InFlight: v.InFlight, Connections: v.Connections,
		OnDrift: v.OnDrift, Lineage: v.Lineage, Volumes: v.Volumes, Operator: v.Operator, MaxCopy: size,
		PauseBudget: v.PauseBudget.Duration, DrainTimeout: v.DrainTimeout.Duration,
		MaxFrozen: v.MaxFrozen.Duration, RestoreDeadline: v.RestoreDeadline.Duration,
		ExecTimeout: v.ExecTimeout.Duration,
	}, nil
}
