package config

import (
	"fmt"
	"slices"
	"strings"
)

// suggest says what an unknown name probably meant: a misspelt one, one in the wrong syntax, one of another block, or
// one of strongSwan's.
func suggest(s *schema, e entry) string {
	if hint := otherFormat(s, e); hint != "" {
		return hint
	}
	if e.block != nil && s.option(e.name) != nil {
		return fmt.Sprintf("%s is an option here: write %[1]s = ...", e.name)
	}
	if e.block == nil && s.nested(e.name) != nil {
		return fmt.Sprintf("%s is a block here: write %[1]s { ... }", e.name)
	}
	if near := closest(e.name, s.names()); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	switch o, home := lookup(s, e.name); {
	case o == nil:
	case o.name == e.name:
		return fmt.Sprintf("%s belongs in the block %s", o.name, home.kind)
	case home.kind == s.kind:
		return fmt.Sprintf("it is called %s here", o.name)
	default:
		return fmt.Sprintf("it is called %s here, in the block %s", o.name, home.kind)
	}
	return "there are " + strings.Join(s.names(), ", ")
}

// otherFormat tells a file that is strongSwan's by its first section.
func otherFormat(s *schema, e entry) string {
	if s.kind == configurationKind && e.block != nil && len(e.block.labels) == 0 && (e.name == "connections" || e.name == "secrets") {
		return "this looks like swanctl.conf: read it with --swanctl, or turn it into culvert.hcl with `culvert import swanctl`"
	}
	return ""
}

// names lists the options and blocks of a block.
func (s *schema) names() []string {
	var names []string
	for _, o := range s.options {
		names = append(names, o.name)
	}
	for _, n := range s.blocks {
		names = append(names, n.kind)
	}
	return names
}

// lookup finds the first option that has a name, here or with strongSwan, and the block that has it: in the block itself before
// all others, and in those that lie deep inside of others last.
func lookup(here *schema, name string) (*option, schema) {
	others := schemas()
	slices.SortStableFunc(others, func(a, b schema) int { return depth(a) - depth(b) })
	for _, s := range append([]schema{*here}, others...) {
		for i := range s.options {
			if o := &s.options[i]; o.name == name || o.knownAs(name) {
				return o, s
			}
		}
	}
	return nil, schema{}
}

// depth tells blocks that lie deep inside of others, such as local.eap.tls, from all else.
func depth(s schema) int { return max(1, strings.Count(s.path, ".")) }

// knownAs reports whether strongSwan has the option under this name: "local.certs" is looked for as "certs" too.
func (o *option) knownAs(name string) bool {
	return o.aka == name || strings.HasSuffix(o.aka, "."+name)
}

// schemas lists every kind of block, outermost first, each bound to a fresh value.
func schemas() []schema {
	var list []schema
	var walk func(s schema)
	walk = func(s schema) {
		list = append(list, s)
		for _, n := range s.blocks {
			walk(n.open())
		}
	}
	walk(new(file).schema(newConfig()))
	return list
}

// closest returns the name that takes the fewest edits, if those are few.
func closest(name string, names []string) string {
	const longest = 64 // the distance costs the product of both lengths
	if len(name) > longest {
		return ""
	}
	best, limit := "", min(3, max(1, len(name)/3))
	for _, candidate := range names {
		if by := distance(strings.ToLower(name), candidate); by <= limit {
			best, limit = candidate, by-1
		}
	}
	return best
}

// distance is the number of octets to insert, remove, replace or swap with their neighbour to turn a into b.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
