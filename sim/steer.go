package sim

import (
	"errors"
	"net/netip"
	"time"

	"culvert/dataplane"
	"culvert/ike"
	"culvert/supervisor"
	"culvert/wire"
)

// steer does what the supervisor asks for.
func (n *Node) steer(actions []supervisor.Action) {
	for _, a := range actions {
		n.obey(a)
	}
	n.arm()
}

func (n *Node) obey(a supervisor.Action) {
	c := n.core
	switch a := a.(type) {
	case supervisor.Initiate:
		n.initiate(a)
	case supervisor.Command:
		n.soon(func() { n.Handle(a.SA, a.Event) })
	case supervisor.Resolve:
		n.resolve(a)
	case supervisor.SetPolicy:
		c.standing[a.Policy.ID] = true
		n.check(c.plane.SetPolicy(a.Policy), "sets a policy")
	case supervisor.RemovePolicy:
		delete(c.standing, a.ID)
		n.check(c.plane.RemovePolicy(a.ID), "removes a policy")
	case supervisor.Note:
		n.lab.trace.plan(n.lab, n, a)
	}
}

// initiate begins an IKE SA in a shard chosen by chance.
func (n *Node) initiate(a supervisor.Initiate) {
	c := n.core
	s := c.shards[n.lab.chance.IntN(len(c.shards))]
	local := a.Connection.LocalPort
	if local == 0 {
		local = portIKE
	}
	path := dataplane.Path{Local: at(n.Addr(a.Remote.Addr()), local), Remote: a.Remote}
	if a.Transport == dataplane.TransportTCP {
		path = dataplane.Path{Local: at(path.Local.Addr(), 0), Remote: a.Remote, Transport: a.Transport}
	}
	ev := ike.Initiate{Connection: a.Connection, Path: path, Children: a.Children, Trigger: a.Trigger, VirtualIPs: a.VirtualIPs, Heritage: a.Heritage,
		InitialContact: a.InitialContact, Fallback: a.Fallback, Ticket: a.Ticket}
	n.soon(func() { n.handle(s, ev) })
}

// lookupTime is how long the look-up of a name takes.
const lookupTime = 50 * time.Millisecond

var errNoName = errors.New("no such name")

func (n *Node) resolve(a supervisor.Resolve) {
	n.after(lookupTime, func() {
		var found []netip.Addr
		for _, name := range a.Names {
			found = append(found, n.lab.Names[name]...)
		}
		var err error
		if len(found) == 0 {
			err = errNoName
		}
		n.steer(n.core.supervisor.Resolved(n.lab.now, a.Connection, found, err))
	})
}

// Handle gives an event to one of the node's IKE SAs.
func (n *Node) Handle(sa wire.SPI, ev ike.Event) {
	if !n.Running() {
		return
	}
	if s := n.shard(sa); s != nil {
		n.handle(s, ike.Command{SA: sa, Event: ev})
	}
}

// BringUp, TakeDown, Rekey and Reauth are an operator's commands; the error says why one makes no sense. An empty child is
// all of them. A node that is not running obeys nothing.
func (n *Node) BringUp(connection, child string) error {
	return n.command(func(s *supervisor.Supervisor) ([]supervisor.Action, error) { return s.Up(n.lab.now, connection, child) })
}

// TakeDown closes a connection or a child; see BringUp.
func (n *Node) TakeDown(connection, child string) error {
	return n.command(func(s *supervisor.Supervisor) ([]supervisor.Action, error) {
		return s.Down(n.lab.now, connection, child, 0)
	})
}

// Rekey gives new keys to the IKE SAs of a connection, or to its children.
func (n *Node) Rekey(connection string, children bool) error {
	return n.command(func(s *supervisor.Supervisor) ([]supervisor.Action, error) {
		return s.Rekey(n.lab.now, connection, "", 0, children)
	})
}

// Reauth authenticates a connection anew.
func (n *Node) Reauth(connection string) error {
	return n.command(func(s *supervisor.Supervisor) ([]supervisor.Action, error) { return s.Reauth(n.lab.now, connection, 0) })
}

func (n *Node) command(ask func(*supervisor.Supervisor) ([]supervisor.Action, error)) error {
	if !n.Running() {
		return errDown
	}
	actions, err := ask(n.core.supervisor)
	n.steer(actions)
	return err
}

var errDown = errors.New("the node is not running")
