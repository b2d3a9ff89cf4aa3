// Package config reads lull's configuration file and turns it, together with a
// container's labels and annotations, into the settings of one container.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// DefaultPath is read when the environment variable LULL_CONFIG names no other.
const DefaultPath = "/etc/lull/config.toml"

// Duration is a time.Duration written as "900ms", "5s", "1m".
type Duration struct{ time.Duration }

// UnmarshalText parses Go's notation and refuses negative values.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err == nil && v < 0 {
		err = errors.New("must not be negative")
	}
	d.Duration = v
	return err
}

// MarshalText is the inverse of UnmarshalText.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// Network is an IPv4 network written as "198.18.0.0/15".
type Network struct{ netip.Prefix }

// UnmarshalText refuses what has no room for an address at both ends of a cable.
func (n *Network) UnmarshalText(text []byte) (err error) {
	n.Prefix, err = netip.ParsePrefix(string(text))
	if err == nil && (!n.Addr().Is4() || n.Bits() > 30) {
		err = errors.New("must be an IPv4 network of at least four addresses, such as 198.18.0.0/15")
	}
	return err
}

// Equal is ==.
func (n Network) Equal(other Network) bool { return n == other }

// MarshalText is the inverse of UnmarshalText.
func (n Network) MarshalText() ([]byte, error) { return n.Prefix.MarshalText() }

// Config is the configuration file. config.toml.example explains each key.
type Config struct {
	StateDir  string `toml:"state_dir"`  // runtime state; gone at reboot
	StoreDir  string `toml:"store_dir"`  // captures
	StockShim string `toml:"stock_shim"` // containerd's own shim; empty: found
	Lull      string `toml:"lull"`       // the lull command; empty: found

	DockerRoot string `toml:"docker_root"` // Docker's data folder
	// CloneNetwork is where the addresses of clones are taken from, four each.
	CloneNetwork Network `toml:"clone_network"`
	Agent        Agent   `toml:"agent"`
	Defaults     Values  `toml:"defaults"` // of every container, below its labels

	Credentials []Credential `toml:"credentials"` // the first that fits counts
}

// Agent is the unprivileged process that talks to a database.
type Agent struct {
	UID    uint32 `toml:"uid"`
	GID    uint32 `toml:"gid"`
	Memory int64  `toml:"memory_mib"` // MiB
}

// Values are the settings that labels can change, one key per label.
type Values struct {
	Mode            string   `toml:"mode"`
	Require         string   `toml:"require"`
	InFlight        string   `toml:"in_flight"`
	Connections     string   `toml:"connections"`
	OnDrift         string   `toml:"on_drift"`
	Lineage         string   `toml:"lineage"`
	Volumes         string   `toml:"volumes"`
	Operator        string   `toml:"operator"`
	MaxCopy         string   `toml:"max_copy"`
	PauseBudget     Duration `toml:"pause_budget"`
	DrainTimeout    Duration `toml:"drain_timeout"`
	MaxFrozen       Duration `toml:"max_frozen"`
	RestoreDeadline Duration `toml:"restore_deadline"`
	ExecTimeout     Duration `toml:"exec_timeout"`
}

// Default is the configuration of a host without a file.
func Default() Config {
	return Config{
		StateDir: "/run/lull",
		StoreDir: "/var/lib/lull", DockerRoot: "/var/lib/docker",
		CloneNetwork: Network{netip.MustParsePrefix("198.18.0.0/15")},
		Agent:        Agent{UID: 65534, GID: 65534, Memory: 256},
		Defaults: Values{
			Require: "flushed", InFlight: "keep", Connections: "close",
			OnDrift: "refuse", Lineage: "refuse", Volumes: "auto", Operator: "refuse", MaxCopy: "10GiB",
			PauseBudget:     Duration{5 * time.Second},
			DrainTimeout:    Duration{time.Second},
			MaxFrozen:       Duration{time.Minute},
			RestoreDeadline: Duration{30 * time.Second},
			ExecTimeout:     Duration{10 * time.Second},
		},
	}
}

// Path is the file that Load reads.
func Path() string {
	if p := os.Getenv("LULL_CONFIG"); p != "" {
		return p
	}
	return DefaultPath
}

// Load reads the file over the defaults; a missing file is no error, an
// unknown key is.
func Load(path string) (Config, error) {
	c := Default()
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	if err := decode(data, &c); err != nil {
		return Default(), fmt.Errorf("%s: %w; see config.toml.example", path, err)
	}
	return c, nil
}

func decode(data []byte, c *Config) error {
	err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(c)
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		row, _ := strict.Errors[0].Position()
		return fmt.Errorf("line %d: unknown key %v", row, strict.Errors[0].Key())
	}
	if err != nil {
		return err
	}
	if _, err = c.Defaults.settings(); err != nil {
		return err
	}
	return c.checkCredentials()
}
