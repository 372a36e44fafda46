package daemon

import (
	"context"
	"errors"
	"fmt"

	"culvert/config"
	"culvert/swanctl"
	"culvert/swanctl/settings"
)

// ViciConfigure does one of the commands of VICI that are about configuration and credentials, and returns its reply. ok is false
// for a command that is none of them. What cannot be used is refused whole, and everything stays as it was.
func (d *Daemon) ViciConfigure(ctx context.Context, command string, request *settings.Section) (reply *settings.Section, ok bool) {
	c, ok := swanctl.Find(command)
	if !ok {
		return nil, false
	}
	if request == nil {
		request = new(settings.Section)
	}
	if !c.Changes {
		_, reply, err := c.Run(d.viciSetup(), request)
		if err != nil {
			return swanctl.Failed(err), true
		}
		return reply, true
	}
	reply, err := d.change(ctx, c, request)
	if err != nil {
		return swanctl.Failed(inWords(err)), true
	}
	return reply, true
}

// change does a command that changes what is loaded. What it names in a token is asked anew.
func (d *Daemon) change(ctx context.Context, c swanctl.Command, request *settings.Section) (reply *settings.Section, err error) {
	if request.Mentions("handle") {
		d.tokens.forget(false)
	}
	anew := make(map[question]bool)
	err = d.exclusively(ctx, func() error {
		next := d.sources
		if err := d.leased(c.Name, request, next.vici); err != nil {
			return err
		}
		next.vici.Tokens = next.tokens(anew)
		if next.vici, reply, err = c.Run(next.vici, request); err != nil {
			return err
		}
		next.vici.Tokens = nil
		if c.Adds() {
			return d.accept(next, request)
		}
		_, err = d.adopt(next)
		return err
	})
	return reply, err
}

// tokens asks tokens anew, unless it has asked them before.
func (s *sources) tokens(anew map[question]bool) swanctl.Tokens {
	source := config.Source{Files: s.files()}
	v, _ := s.visit(&source)
	v.anew = anew
	return v
}

// viciSetup returns what clients of VICI have loaded.
func (d *Daemon) viciSetup() swanctl.Setup {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	return d.sources.vici
}

// leased refuses to take a pool away, or to move it, while peers hold its addresses.
func (d *Daemon) leased(command string, request *settings.Section, loaded swanctl.Setup) error {
	online := make(map[string]bool)
	for _, p := range d.engine.leases.status() {
		online[p.Name] = p.Online > 0
	}
	name := request.Text("name")
	switch {
	case command == "unload-pool" && online[name]:
		return fmt.Errorf("vici pool %s has online leases, unable to unload", name)
	case command != "load-pool":
		return nil
	}
	for _, p := range loaded.Pools {
		if next := request.Sub(p.Name); next != nil && online[p.Name] && next.Text("addrs") != p.Section.Text("addrs") {
			return fmt.Errorf("vici pool %s has online leases, unable to replace", p.Name)
		}
	}
	return nil
}

// inWords returns the first of many mistakes, which is what a reply has room for.
func inWords(err error) error {
	var invalid *config.InvalidError
	if !errors.As(err, &invalid) {
		return err
	}
	for _, d := range invalid.Diagnostics {
		if d.Severity == config.Error {
			return errors.New(swanctl.Stock(d))
		}
	}
	return err
}
