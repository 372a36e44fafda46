// Package config reads the configuration of a gateway or client: HCL or its JSON twin, into one typed model with the
// position of every option.
//
// Reading is strict. Unknown options, wrong types, duplicates, dangling references and contradictions are all found in one
// pass, each with its place in the file, the line itself, what was expected and a stable code of package explain. The
// options, their defaults and their documentation stand in one table per block, from which the decoder, the reference
// page and Diff work.
package config

// Config is a whole configuration, checked. It is immutable once loaded.
type Config struct {
	Daemon      *Daemon
	Metrics     Metrics
	API         *API
	VICI        VICI
	Telemetry   *Telemetry
	Connections []*Connection // in the order of the files
	Pools       []*Pool
	Secrets     []*Secret
	PPKs        []*PPK
	RADIUS      []*RADIUS
	Users       []*Users
	Policies    []*Policy
	Webhooks    []*Webhook
	Authorities []*Authority
	Modules     []*Module // of PKCS #11
	Paths       []string  // the files that were read, the first one first
}

// newConfig returns what counts where no file says anything.
func newConfig() *Config {
	return &Config{Daemon: newDaemon(), Metrics: newMetrics(), API: newAPI(), Telemetry: newTelemetry()}
}

// Connection returns the connection of that name, or nil.
func (c *Config) Connection(name string) *Connection { return named(c.Connections, name) }

// Pool returns the pool of that name, or nil.
func (c *Config) Pool(name string) *Pool { return named(c.Pools, name) }

// RADIUSGroup returns the group of servers of that name, or nil.
func (c *Config) RADIUSGroup(name string) *RADIUS { return named(c.RADIUS, name) }

// UsersOf returns the users of that name, or nil.
func (c *Config) UsersOf(name string) *Users { return named(c.Users, name) }

// named finds a block by its label.
func named[B interface {
	comparable
	Label() string
}](blocks []B, name string) B {
	for _, b := range blocks {
		if b.Label() == name {
			return b
		}
	}
	var none B
	return none
}
