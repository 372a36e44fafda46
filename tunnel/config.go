package tunnel

import (
	"io"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"culvert/api"
	"culvert/config"
	"culvert/esp"
	"culvert/explain"
	"culvert/ike"
	"culvert/spd"
)

// Config says which tunnel to open.
type Config struct {
	// File is the path of a configuration. Text is one itself, if not empty; files that it names are looked for from the root.
	File, Text string
	// Connection is the name of a connection in it. It may be empty when there is only one.
	Connection string
	// Addresses are ours inside of the tunnel, where the gateway gives us none. Empty: those that children name alone as
	// their local side.
	Addresses []netip.Addr
	// DNS takes the place of the gateway's DNS servers.
	DNS []netip.Addr
	// MTU of the inside in octets; 0 is what the configuration says, or else what fits the path, as it is found out.
	MTU int
	// Log gets what the daemon would log; nil: nobody does.
	Log io.Writer
	// Events is told what happens, from a goroutine of the tunnel; nil: nobody is. It may not call Close.
	Events func(api.Event)
	// Version of the program, for Status.
	Version string
}

// textName is where a configuration appears that is no file.
const textName = "/configuration.hcl"

// load reads the configuration and leaves in it what a tunnel without privileges needs.
func (c *Config) load() (*config.Config, error) {
	source, name := config.System(time.Now()), c.File
	if c.Text != "" {
		name = textName
		source.Files = config.Overlay{Below: source.Files, Files: map[string][]byte{name: []byte(c.Text)}}
	}
	if name == "" {
		name = config.DefaultPath
	}
	name, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	model, found := source.Load(name)
	if model == nil {
		return nil, found.Err()
	}
	conn, err := choose(model.Connections, c.Connection)
	if err != nil {
		return nil, err
	}
	return confine(model, conn)
}

// choose finds a connection by its name, or the only one.
func choose(list []*config.Connection, name string) (*config.Connection, error) {
	if name == "" && len(list) == 1 {
		return list[0], nil
	}
	var names []string
	for _, c := range list {
		if c.Name == name {
			return c, nil
		}
		names = append(names, c.Name)
	}
	if name == "" {
		return nil, api.NewProblem(0, explain.ManageNotFound, "name one of them", "the configuration has %d connections: %s", len(list), strings.Join(names, ", "))
	}
	return nil, api.NewProblem(0, explain.ManageNotFound, "name one of those", "there is no connection %q; the configuration has %s", name, strings.Join(names, ", "))
}

// confine returns a configuration of one connection, which needs no privileges: ESP in UDP, from ports that the system
// chooses, and nobody is let in by TCP. It stays up unless it says otherwise, and begins when it is told to.
func confine(model *config.Config, conn *config.Connection) (*config.Config, error) {
	daemon, c := *model.Daemon, *conn
	daemon.Listen, daemon.Port, daemon.NATPort, daemon.TCPPorts = nil, 0, 0, nil
	c.ForceEncap, c.Local.Port, c.Pools = true, 0, nil
	c.KeepUp = c.KeepUp || !c.Given("keep_up")
	c.Children = nil
	for _, child := range conn.Children {
		if child.Mode != esp.Tunnel {
			return nil, api.NewProblem(0, explain.ManageBadRequest, `set mode = "tunnel", on the gateway too`,
				"child %s/%s is in transport mode, which needs the addresses of the host and so privileges", conn.Name, child.Name)
		}
		own := *child
		own.Start = ike.StartNone
		c.Children = append(c.Children, &own)
	}
	return &config.Config{
		Daemon: &daemon, Connections: []*config.Connection{&c}, Secrets: model.Secrets, PPKs: model.PPKs, Paths: model.Paths,
	}, nil
}

// inside lists our addresses in the tunnel from the beginning: those of the program, or else of children that name a
// single one as their local side.
func (c *Config) inside(conn *config.Connection) ([]netip.Addr, error) {
	if len(c.Addresses) > 0 || len(conn.VirtualIPs) > 0 {
		return c.Addresses, nil
	}
	seen := map[netip.Addr]bool{}
	var list []netip.Addr
	for _, child := range conn.Children {
		for _, s := range child.Local {
			if single(s) && !seen[s.Start] {
				seen[s.Start] = true
				list = append(list, s.Start)
			}
		}
	}
	if len(list) == 0 && len(conn.Children) > 0 {
		return nil, api.NewProblem(0, explain.ManageBadRequest, "ask the gateway for one with virtual_ips = [\"0.0.0.0\", \"::\"], or choose one of the local side of the child",
			"connection %s gives us no address inside of the tunnel", conn.Name)
	}
	return list, nil
}

// single tells whether a selector is one address.
func single(s spd.Selector) bool {
	return s.Start.IsValid() && s.Start == s.End && !s.Start.IsUnspecified()
}

// log is where log lines go.
func (c *Config) log() io.Writer {
	if c.Log == nil {
		return io.Discard
	}
	return c.Log
}

// where names the configuration for people.
func (c *Config) where() string {
	if c.Text != "" {
		return "text"
	}
	return c.File
}
