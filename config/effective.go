package config

import (
	"reflect"
	"strings"
)

// Effective is a block as it counts: every option with its value, given or not. Secrets do not show.
type Effective struct {
	Kind    string      `json:"kind" doc:"connection, local, pool"`
	Name    string      `json:"name,omitempty" doc:"Of blocks that have one"`
	Options []Setting   `json:"options"`
	Blocks  []Effective `json:"blocks,omitempty" doc:"Blocks inside"`
}

// A Setting is an option with its value.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value" doc:"As a file has it; empty: none"`
	Given bool   `json:"given" doc:"It stands in a file; else it is a default"`
	Place string `json:"place,omitempty" doc:"Where it stands"`

	stored any // what two equal values have in common
}

// redacted stands for a secret.
const redacted = "[redacted]"

// Effective shows the whole configuration. The users of files and blocks are left out: there may be very many.
func (c *Config) Effective() []Effective {
	list := []Effective{effective(c.Daemon.schema())}
	for _, x := range c.Connections {
		list = append(list, x.Effective())
	}
	list = append(list, all(c.Pools)...)
	list = append(list, all(c.Secrets)...)
	list = append(list, all(c.PPKs)...)
	for _, r := range c.RADIUS {
		list = append(list, effective(r.schema(), all(r.Servers)...))
	}
	list = append(list, all(c.Users)...)
	list = append(list, all(c.Policies)...)
	list = append(list, all(c.Webhooks)...)
	list = append(list, all(c.Authorities)...)
	list = append(list, all(c.Modules)...)
	return append(list, effective(c.Metrics.schema()), effective(c.API.schema(), all(c.API.Roles)...), effective(c.VICI.schema()), effective(c.Telemetry.schema()))
}

// Effective shows the connection with its children.
func (c *Connection) Effective() Effective { return effective(c.schema(), all(c.Children)...) }

// all shows blocks of one kind.
func all[B block](blocks []B) []Effective {
	list := make([]Effective, len(blocks))
	for i, b := range blocks {
		list[i] = effective(b.schema())
	}
	return list
}

// effective shows a block, those inside of it that occur once, and more.
func effective(s schema, more ...Effective) Effective {
	e := Effective{Kind: s.kind, Options: make([]Setting, len(s.options))}
	if s.label != nil {
		e.Name = *s.label
	}
	for i := range s.options {
		e.Options[i] = s.setting(&s.options[i])
	}
	for _, n := range s.blocks {
		if !n.many {
			e.Blocks = append(e.Blocks, effective(n.open()))
		}
		if n.within != nil {
			for _, inner := range n.within() {
				e.Blocks = append(e.Blocks, effective(inner))
			}
		}
	}
	e.Blocks = append(e.Blocks, more...)
	return e
}

func (s *schema) setting(o *option) Setting {
	set := Setting{Name: o.name, Value: display(o), Given: s.origin.Given(o.name), stored: o.slot.stored()}
	if set.Given {
		set.Place = s.origin.Place(o.name).String()
		if o.slot.kind() == secretKind {
			set.Value = redacted
		}
	}
	return set
}

// display returns the value of an option as people see it: of a file, the path.
func display(o *option) string {
	if paths := pathsOf(o.slot.stored()); len(paths) > 0 {
		return strings.Join(paths, ", ")
	}
	return o.slot.text()
}

// pathsOf returns the paths of what is a file or a list of them.
func pathsOf(stored any) []string {
	switch v := stored.(type) {
	case File:
		return []string{quote(v.Path)}
	case []any:
		var paths []string
		for _, e := range v {
			paths = append(paths, pathsOf(e)...)
		}
		return paths
	}
	return nil
}

// Redact returns the text of a configuration file without what may be a secret.
func Redact(text []byte) string {
	return strings.Join(presentable(strings.Split(string(text), "\n")), "\n")
}

// An Alteration is what differs in one place between two configurations as they count.
type Alteration struct {
	Block  string `json:"block" doc:"connection office; connection office, child net"`
	Option string `json:"option,omitempty" doc:"Empty: the whole block is new or gone"`
	Old    string `json:"old,omitempty"`
	New    string `json:"new,omitempty"`
}

// Alterations lists what differs, with the values of both. A secret or the contents of a file that differ show as the same.
func Alterations(old, new *Config) []Alteration {
	before, after := flat("", old.Effective()), flat("", new.Effective())
	was, is := byTitle(before), byTitle(after)
	list := []Alteration{}
	for _, b := range after {
		list = append(list, b.alterations(was[b.title])...)
	}
	for _, b := range before {
		if is[b.title] == nil {
			list = append(list, Alteration{Block: b.title, Old: "present"})
		}
	}
	return list
}

// A titled block is one of a tree that was made flat.
type titled struct {
	title   string
	options []Setting
}

func flat(around string, blocks []Effective) []titled {
	var list []titled
	for _, b := range blocks {
		title := strings.TrimSpace(around + b.Kind + " " + b.Name)
		list = append(list, titled{title, b.Options})
		list = append(list, flat(title+", ", b.Blocks)...)
	}
	return list
}

func byTitle(list []titled) map[string]*titled {
	m := make(map[string]*titled, len(list))
	for i := range list {
		m[list[i].title] = &list[i]
	}
	return m
}

func (t *titled) alterations(was *titled) []Alteration {
	if was == nil {
		return []Alteration{{Block: t.title, New: "present"}}
	}
	var list []Alteration
	for i, o := range t.options {
		if before := was.options[i]; !reflect.DeepEqual(before.stored, o.stored) {
			list = append(list, Alteration{Block: t.title, Option: o.Name, Old: before.Value, New: o.Value})
		}
	}
	return list
}
