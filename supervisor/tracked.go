package supervisor

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"time"

	"culvert/dataplane"
	"culvert/ike"
	"culvert/spd"
	"culvert/wire"
)

// tracked is what the supervisor knows about an established IKE SA.
type tracked struct {
	spi         wire.SPI
	order       uint64 // in which the SAs came up
	link        *link
	local, peer string // identities
	ends        ends   // addresses, when it came up
	initiator   bool   // we connected
	since       time.Time
	closing     bool     // we asked for its end
	asked       []string // children that it was asked for and that are not there yet
	children    []twin
	replaces    []*tracked // what goes as soon as this SA has taken over
	patience    time.Time  // when that is over at the latest
}

// A twin is a child that is up, as far as it tells whether another one is for the same.
type twin struct {
	name          string
	in, out       uint32
	initiator     bool // we asked for it
	local, remote []spd.Selector
	kernel        *dataplane.Kernel // nil: nothing, as most ask for
}

// numbers are what the child asks of the kernel.
func (c twin) numbers() (k dataplane.Kernel) {
	if c.kernel != nil {
		k = *c.kernel
	}
	return k
}

func newTwin(c *ike.ChildInfo) twin {
	t := twin{c.Name, c.InSPI, c.OutSPI, c.Initiator, c.Local, c.Remote, nil}
	if c.Kernel != (dataplane.Kernel{}) {
		k := c.Kernel
		t.kernel = &k
	}
	return t
}

// heritage is what an IKE SA that takes the place of this one keeps of it; t may be nil.
func (t *tracked) heritage() (h ike.Heritage) {
	if t == nil || t.link == nil {
		return h
	}
	h.Children = make(map[string]dataplane.Kernel)
	for _, c := range t.children {
		k := c.numbers()
		h.Children[c.name] = k
		if config := t.link.child(c.name); config != nil && config.Kernel.IfIDIn == (dataplane.InterfaceID{}) {
			h.Interfaces.In = k.IfIDIn
		}
		if config := t.link.child(c.name); config != nil && config.Kernel.IfIDOut == (dataplane.InterfaceID{}) {
			h.Interfaces.Out = k.IfIDOut
		}
	}
	return h
}

// has tells whether a child of that name is up.
func (t *tracked) has(child string) bool {
	return slices.ContainsFunc(t.children, func(c twin) bool { return c.name == child })
}

// forget takes a child off the list and returns it; the zero value when it was not there.
func (t *tracked) forget(in uint32) (c twin) {
	if i := slices.IndexFunc(t.children, func(c twin) bool { return c.in == in }); i >= 0 {
		c = t.children[i]
		t.children = slices.Delete(t.children, i, i+1)
	}
	return c
}

// ask notes that the SA was asked for a child; false when it was before.
func (t *tracked) ask(child string) bool {
	if slices.Contains(t.asked, child) {
		return false
	}
	t.asked = append(t.asked, child)
	return true
}

// answered notes that a child is there, or will not be.
func (t *tracked) answered(child string) bool {
	i := slices.Index(t.asked, child)
	if i >= 0 {
		t.asked = slices.Delete(t.asked, i, i+1)
	}
	return i >= 0
}

// inOrder sorts SAs by when they came up.
func inOrder(sas iter.Seq[*tracked]) []*tracked {
	return slices.SortedFunc(sas, func(a, b *tracked) int { return cmp.Compare(a.order, b.order) })
}

// track begins to follow an established SA.
func (s *Supervisor) track(l *link, n ike.News) *tracked {
	s.cameUp++
	t := &tracked{spi: n.SA, order: s.cameUp, link: l, local: n.Local, peer: n.Peer, ends: ends{n.Path.Local.Addr().Unmap(), n.Path.Remote.Addr().Unmap()}, initiator: n.Initiator, since: s.now}
	s.sas[n.SA] = t
	s.count(t, 1)
	if l != nil {
		l.sas[n.SA] = t
		l.peers[t.peer] = append(l.peers[t.peer], t)
	}
	return t
}

// untrack forgets an SA that is gone. Nothing is left to be replaced by an SA that was admitted but ended before anybody
// heard of the verdict.
func (s *Supervisor) untrack(t *tracked) {
	delete(s.sas, t.spi)
	for _, c := range t.children {
		s.drop(t, c)
	}
	s.count(t, -1)
	delete(s.handing, t)
	maps.DeleteFunc(s.replaces, func(_ wire.SPI, list []closing) bool {
		return !slices.ContainsFunc(list, func(c closing) bool { return s.sas[c.old.spi] == c.old })
	})
	if l := t.link; l != nil {
		delete(l.sas, t.spi)
		l.peers[t.peer] = slices.DeleteFunc(l.peers[t.peer], func(o *tracked) bool { return o == t })
		if len(l.peers[t.peer]) == 0 {
			delete(l.peers, t.peer)
		}
	}
}
