package settings

import (
	"slices"
	"strings"
)

// The bounds of what inheritance makes of a few lines, and of what finding that out may cost.
const (
	mostItems = 200_000 // beyond those of the files
	mostSteps = 100_000_000
)

// An heir makes sections of nodes.
type heir struct {
	root  *node
	used  map[*node]bool // nodes that others inherit from
	items int            // that there may still be
	steps int            // that may still be taken
	open  []*node        // that are inherited from at the moment
}

// inherit gives every section what it inherits: its own values and sections count before those of the sections that it names,
// these in the order in which they are named.
func inherit(root *node) (*Section, error) {
	h := &heir{root: root, used: make(map[*node]bool), items: mostItems + root.size(), steps: mostSteps}
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
	seen := make(map[seenItem]bool)
	for _, n := range all {
		for _, i := range n.items {
			if h.items--; h.items < 0 || h.exhausted(1) {
				return nil, tooMuch(i.place)
			}
			key := seenItem{i.name, i.sub != nil}
			if seen[key] {
				continue
			}
			seen[key] = true
			if err := h.add(s, i, all); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// A seenItem is the name of a value or of a section, of which the first one counts. It may be one that clears the others.
type seenItem struct {
	name string
	sub  bool
}

// exhausted counts steps, and tells whether they were too many.
func (h *heir) exhausted(steps int) bool {
	h.steps -= steps
	return h.steps < 0
}

func tooMuch(at Place) error { return &SyntaxError{Place: at, Message: "sections inherit too much"} }

// add puts an item into a section.
func (h *heir) add(s *Section, i *leaf, all []*node) error {
	if i.sub == nil {
		if i.given {
			s.Items = append(s.Items, Item{Name: i.name, Value: []byte(i.value), Cut: i.cut, Place: i.place})
		}
		return nil
	}
	if h.exhausted(len(all)) {
		return tooMuch(i.place)
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
			case h.exhausted(len(all) + len(under) + len(h.open)):
				return tooMuch(ref.place)
			case from == nil:
				return &SyntaxError{ref.place, "there is no section " + ref.path + " to inherit from", "name it by its path from the outermost level"}
			case slices.Contains(under, from) || slices.Contains(h.open, from) || from == n || from.above(n):
				return &SyntaxError{Place: ref.place, Message: "the section " + n.name + " inherits from itself"}
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

// size counts the items in a node.
func (n *node) size() int {
	count := len(n.items)
	for _, sub := range n.subs {
		count += sub.size()
	}
	return count
}

// find returns the section of a name in a node.
func (n *node) find(name string) *node { return n.subs[name] }

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
