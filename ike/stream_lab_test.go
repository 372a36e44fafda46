package ike

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"

	"culvert/dataplane"
)

// A streamLab is two gateways that talk in TCP streams. What is sent in a stream that is broken is lost.
type streamLab struct {
	*childLab
	alive   []dataplane.Path // as a sees them
	next    uint16           // port of the next stream
	refused error            // why no stream can be opened; nil: they can
	sent    int              // messages of a
}

// dialing is work that opens a stream of the laboratory.
type dialing struct {
	lab  *streamLab
	path dataplane.Path
}

func (d dialing) Run(context.Context) any {
	if d.lab.refused != nil {
		return Dialed{Err: d.lab.refused}
	}
	d.lab.next++
	d.path.Local = netip.AddrPortFrom(d.path.Local.Addr(), d.lab.next)
	d.lab.alive = append(d.lab.alive, d.path)
	return Dialed{Path: d.path}
}

var errRefused = errors.New("connection refused")

// newStreamLab makes two gateways with a child that may talk over TCP, not connected yet.
func newStreamLab(t testing.TB, change func(a, b *Connection)) *streamLab {
	t.Helper()
	n, a, b := gateways(t, func(a, b *Connection) {
		a.Transport, b.Transport = TransportTCP, TransportAuto
		a.Children = []*ChildConfig{netChild(t, "10.1.0.0/16", "10.2.0.0/16")}
		b.Children = []*ChildConfig{netChild(t, "10.2.0.0/16", "10.1.0.0/16")}
		if change != nil {
			change(a, b)
		}
	})
	l := &streamLab{childLab: newLabOf(t, n, a, b), next: 40000}
	a.env.Dial = func(p dataplane.Path) Work { return dialing{l, p} }
	n.route = l.route
	return l
}

// route lets messages pass in streams that are there.
func (l *streamLab) route(from *testNode, path dataplane.Path) (*testNode, dataplane.Path) {
	mine := path
	if from == l.b {
		mine = reverse(path)
	} else {
		l.sent++
	}
	if path.Transport == dataplane.TransportTCP && !slices.Contains(l.alive, mine) {
		return nil, path
	}
	return l.nodeAt(path.Remote.Addr()), reverse(path)
}

// dial has a connect to b over TCP.
func (l *streamLab) dial() {
	ev := initiate(l.a)
	ev.Path.Transport = dataplane.TransportTCP
	ev.Path.Local, ev.Path.Remote = netip.AddrPortFrom(addrA, 0), netip.AddrPortFrom(addrB, 4500)
	l.do(l.a, ev)
}

// newStreams brings both up.
func newStreams(t testing.TB, change func(a, b *Connection)) *streamLab {
	t.Helper()
	l := newStreamLab(t, change)
	l.dial()
	l.agree(1)
	return l
}

// cut breaks the stream that is used. Only the side that opened it is told.
func (l *streamLab) cut() dataplane.Path {
	l.t.Helper()
	broken := l.sa(l.a).path
	l.lose(broken)
	l.do(l.a, StreamClosed{Path: broken})
	return broken
}

// lose breaks a stream without a word.
func (l *streamLab) lose(broken dataplane.Path) {
	l.alive = slices.DeleteFunc(l.alive, func(p dataplane.Path) bool { return p == broken })
}

// closings returns what a node wanted closed.
func (x *testNode) closings() (list []CloseStream) {
	for _, a := range x.actions {
		if c, ok := a.(CloseStream); ok {
			list = append(list, c)
		}
	}
	return list
}

// keeps tells whether a node has said that it uses a stream.
func (x *testNode) keeps(p dataplane.Path) bool {
	return slices.Contains(x.actions, Action(KeepStream{Path: p}))
}

// natPort is what a NAT makes of an address.
func natPort(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr(), a.Port()+1000) }
