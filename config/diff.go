package config

import (
	"reflect"
	"slices"
)

// A Difference tells what has to be touched to get from one configuration to another, by the names of blocks.
type Difference struct {
	Daemon      []string // options of the daemon block: "log_level", "half_open.limit"
	Process     []string // options of other blocks about the whole process: "metrics.listen", "api.session"
	Roles       Changes  // of the block api
	Connections Changes  // children apart
	Children    Changes  // of connections that are in both, as "office/net"
	Pools       Changes
	Secrets     Changes
	PPKs        Changes
	RADIUS      Changes // servers apart
	Servers     Changes // of RADIUS groups that are in both, as "corp/a"
	Users       Changes // accounts apart
	Accounts    Changes // of users blocks that are in both, as "staff/carol"
	Policies    Changes
	Webhooks    Changes
	Authorities Changes
	Modules     Changes
}

// Changes are the differences between two lists of blocks, in the order of the new list, what is removed in that of the old.
type Changes struct {
	Added   []string
	Removed []string
	Changed []Change
}

// A Change is a block that both configurations have.
type Change struct {
	Name    string
	Options []string // that differ: "rekey_time", "local.certificate"
}

// Diff compares two configurations by what they mean: neither comments nor order nor the files in which blocks stand matter,
// but the contents of certificates, keys and secrets do.
func Diff(old, new *Config) *Difference {
	d := &Difference{
		Daemon: differing(old.Daemon.schema(), new.Daemon.schema()),
		Process: slices.Concat(below("metrics", differing(old.Metrics.schema(), new.Metrics.schema())),
			below("api", differing(old.API.schema(), new.API.schema())), below("vici", differing(old.VICI.schema(), new.VICI.schema())),
			below("telemetry", differing(old.Telemetry.schema(), new.Telemetry.schema()))),
		Roles:       compare(old.API.Roles, new.API.Roles, ""),
		Connections: compare(old.Connections, new.Connections, ""),
		Pools:       compare(old.Pools, new.Pools, ""),
		Secrets:     compare(old.Secrets, new.Secrets, ""),
		PPKs:        compare(old.PPKs, new.PPKs, ""),
		RADIUS:      compare(old.RADIUS, new.RADIUS, ""),
		Users:       compare(old.Users, new.Users, ""),
		Policies:    compare(old.Policies, new.Policies, ""),
		Webhooks:    compare(old.Webhooks, new.Webhooks, ""),
		Authorities: compare(old.Authorities, new.Authorities, ""),
		Modules:     compare(old.Modules, new.Modules, ""),
	}
	for _, c := range new.Connections {
		if before := old.Connection(c.Name); before != nil {
			d.Children.add(compare(before.Children, c.Children, c.Name+"/"))
		}
	}
	for _, r := range new.RADIUS {
		if before := old.RADIUSGroup(r.Name); before != nil {
			d.Servers.add(compare(before.Servers, r.Servers, r.Name+"/"))
		}
	}
	for _, u := range new.Users {
		if before := old.UsersOf(u.Name); before != nil {
			d.Accounts.add(compare(before.List, u.List, u.Name+"/"))
		}
	}
	return d
}

// below puts the kind of their block in front of options.
func below(kind string, options []string) (names []string) {
	for _, o := range options {
		names = append(names, kind+"."+o)
	}
	return names
}

func (c *Changes) add(more Changes) {
	c.Added = append(c.Added, more.Added...)
	c.Removed = append(c.Removed, more.Removed...)
	c.Changed = append(c.Changed, more.Changed...)
}

// A block is a named part of a configuration.
type block interface {
	comparable
	Label() string
	schema() schema
}

// compare finds the differences between two lists of blocks, whose names are written behind a prefix.
func compare[B block](old, new []B, prefix string) Changes {
	var c Changes
	before := make(map[string]B)
	for _, b := range old {
		before[b.Label()] = b
	}
	for _, b := range new {
		was, ok := before[b.Label()]
		delete(before, b.Label())
		if !ok {
			c.Added = append(c.Added, prefix+b.Label())
		} else if options := differing(was.schema(), b.schema()); len(options) > 0 {
			c.Changed = append(c.Changed, Change{prefix + b.Label(), options})
		}
	}
	for _, b := range old {
		if _, gone := before[b.Label()]; gone {
			c.Removed = append(c.Removed, prefix+b.Label())
		}
	}
	return c
}

// differingBlocks lists what differs between lists of blocks of which the order counts: labels that are new at their place or gone,
// and options of blocks that have kept it.
func differingBlocks(a, b []schema) []string {
	var names []string
	for i := range max(len(a), len(b)) {
		switch {
		case i >= len(b):
			names = append(names, *a[i].label)
		case i >= len(a) || *a[i].label != *b[i].label:
			names = append(names, *b[i].label)
		default:
			names = append(names, below(*b[i].label, differing(a[i], b[i]))...)
		}
	}
	return names
}

// differing lists the options of two blocks of one kind, and of the blocks inside without names, whose values differ.
func differing(a, b schema) []string {
	var names []string
	for i, o := range a.options {
		if !reflect.DeepEqual(o.slot.stored(), b.options[i].slot.stored()) {
			names = append(names, o.name)
		}
	}
	for i, n := range a.blocks {
		if n.within != nil {
			names = append(names, below(n.kind, differingBlocks(n.within(), b.blocks[i].within()))...)
		}
		if n.many {
			continue
		}
		for _, name := range differing(n.open(), b.blocks[i].open()) {
			names = append(names, n.kind+"."+name)
		}
	}
	return names
}
