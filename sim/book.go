package sim

import (
	"cmp"
	"maps"
	"slices"

	"culvert/ike"
	"culvert/wire"
)

// A book is what a node knows about its IKE SAs from the news alone, as a status command does.
type book struct {
	sas map[wire.SPI]*Entry
}

// An Entry is an established IKE SA.
type Entry struct {
	SPI        wire.SPI
	Connection *ike.Connection
	Initiator  bool
	Peer       string
	Children   map[uint32]ike.ChildInfo // by inbound SPI
}

func newBook() book { return book{sas: map[wire.SPI]*Entry{}} }

func (b *book) take(n ike.News) {
	e := b.sas[n.SA]
	switch n.Kind {
	case ike.NewsEstablished:
		b.sas[n.SA] = &Entry{SPI: n.SA, Connection: n.Connection, Initiator: n.Initiator, Peer: n.Peer, Children: map[uint32]ike.ChildInfo{}}
	case ike.NewsRekeyed:
		if e != nil {
			delete(b.sas, n.SA)
			e.SPI = n.Successor
			b.sas[n.Successor] = e
		}
	case ike.NewsClosed:
		delete(b.sas, n.SA)
	case ike.NewsChildUp, ike.NewsChildRekeyed:
		if e != nil {
			delete(e.Children, n.Replaced)
			e.Children[n.Child.InSPI] = *n.Child
		}
	case ike.NewsChildDown:
		if e != nil {
			delete(e.Children, n.Child.InSPI)
		}
	}
}

// SAs lists the established IKE SAs in the order of their SPIs.
func (n *Node) SAs() []*Entry {
	if !n.Running() {
		return nil
	}
	return slices.SortedFunc(maps.Values(n.core.book.sas), func(a, b *Entry) int { return cmp.Compare(a.SPI, b.SPI) })
}

// Established tells how many IKE SAs of a connection are up.
func (n *Node) Established(connection string) int {
	up := 0
	for _, e := range n.SAs() {
		if e.Connection.Name == connection {
			up++
		}
	}
	return up
}

// Children lists the children of a connection that are up, by name and then SPI.
func (n *Node) Children(connection string) []ike.ChildInfo {
	var list []ike.ChildInfo
	for _, e := range n.SAs() {
		if e.Connection.Name == connection {
			list = slices.AppendSeq(list, maps.Values(e.Children))
		}
	}
	slices.SortFunc(list, func(a, b ike.ChildInfo) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.InSPI, b.InSPI))
	})
	return list
}
