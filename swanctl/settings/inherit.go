package settings

import (
	"slices"
	"strings"
)

// mostItems bounds what inheritance makes of a few lines.
const mostItems = 200_000

// An heir makes sections of nodes.
type heir struct {
	root  *node
	used  map[*node]bool // nodes that others inherit from
	items int
	open  []*node // that are inherited from at the moment
}

// inherit gives every section what it inherits: its own values and sections count before those of the sections that it names,
// these in the order in which they are named.
func inherit(root *node) (*Section, error) {
	h := &heir{root: root, used: make(map[*node]bool)}
	s, err := h.section([]*node{root})
	if err != nil {
		return nil, err
	}
	for i := range s.Items {
		if sub := root.find(s.Items[i].Name); sub != nil {
			s.Items[i].Inherited = h.used[sub] || h.inside(sub)
		}
	}
	return s, nil
}

// inside tells whether others inherit from a section in a node.
func (h *heir) inside(n *node) bool {
	return slices.ContainsFunc(n.items, func(i *leaf) bool { return i.sub != nil && (h.used[i.sub] || h.inside(i.sub)) })
}

// section merges nodes of one name, the first one counting most.
func (h *heir) section(nodes []*node) (*Section, error) {
	all, err := h.ancestors(nodes)
	if err != nil {
		return nil, err
	}
	defer func(n int) { h.open = h.open[:n] }(len(h.open))
	h.open = append(h.open, all...)
	s := new(Section)
	cleared := make(map[string]bool)
	for _, n := range all {
		for _, i := range n.items {
			if h.items++; h.items > mostItems {
				return nil, &SyntaxError{i.place, "sections inherit too much"}
			}
			if err := h.add(s, i, all, cleared); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// add puts an item into a section, unless something of its name is there already.
func (h *heir) add(s *Section, i *leaf, all []*node, cleared map[string]bool) error {
	if i.sub == nil {
		if _, there := s.Get(i.name, Value); !there && !cleared[i.name] {
			if cleared[i.name] = !i.given; i.given {
				s.Items = append(s.Items, Item{Name: i.name, Value: []byte(i.value), Place: i.place})
			}
		}
		return nil
	}
	if _, there := s.Get(i.name, Sub); there {
		return nil
	}
	var same []*node
	for _, n := range all {
		if sub := n.find(i.name); sub != nil {
			same = append(same, sub)
		}
	}
	sub, err := h.section(same)
	s.Items = append(s.Items, Item{Name: i.name, Kind: Sub, Section: sub, Place: i.place})
	return err
}

// ancestors lists nodes and all that they inherit from, each once.
func (h *heir) ancestors(nodes []*node) ([]*node, error) {
	var all []*node
	var visit func(n *node, under []*node) error
	visit = func(n *node, under []*node) error {
		if slices.Contains(all, n) {
			return nil
		}
		all = append(all, n)
		for _, ref := range n.refs {
			from := h.root.at(ref.path)
			switch {
			case from == nil:
				return &SyntaxError{ref.place, "there is no section " + ref.path + " to inherit from"}
			case slices.Contains(under, from) || slices.Contains(h.open, from) || from == n || from.above(n):
				return &SyntaxError{ref.place, "the section " + n.name + " inherits from itself"}
			}
			h.used[from] = true
			if err := visit(from, append(under, n)); err != nil {
				return err
			}
		}
		return nil
	}
	for _, n := range nodes {
		if err := visit(n, nil); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// find returns the section of a name in a node.
func (n *node) find(name string) *node {
	for _, i := range n.items {
		if i.sub != nil && i.name == name {
			return i.sub
		}
	}
	return nil
}

// at returns the section at a path.
func (n *node) at(path string) *node {
	for name := range strings.SplitSeq(path, ".") {
		if n = n.find(name); n == nil {
			return nil
		}
	}
	return n
}

// above tells whether a node is around another one.
func (n *node) above(inner *node) bool {
	for inner = inner.parent; inner != nil; inner = inner.parent {
		if inner == n {
			return true
		}
	}
	return false
}
