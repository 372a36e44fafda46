package ike

import "culvert/dataplane"

// Interfaces are numbers of XFRM interfaces for the children that have none.
type Interfaces struct{ In, Out dataplane.InterfaceID }

// interfaces are those of the IKE SA, which it keeps over rekeying. Those that are to be chosen are so once.
func (sa *SA) interfaces() Interfaces {
	if sa.ifIDs == (Interfaces{}) {
		h := &sa.heritage.Interfaces
		sa.ifIDs.In, sa.ifIDs.Out = dataplane.ChooseInterfaces(sa.conn.IfIDIn.Inherit(h.In), sa.conn.IfIDOut.Inherit(h.Out), sa.env.NewIfID)
	}
	return sa.ifIDs
}

// A Heritage is the numbers of an IKE SA that another one of ours takes the place of by reauthentication. Those of its
// configuration that are to be chosen stay.
type Heritage struct {
	Interfaces Interfaces
	Children   map[string]dataplane.Kernel // by name
}

// numbered is what a new child asks of the kernel, with numbers in the place of choices: those of its forerunner go to the first.
func (sa *SA) numbered(config *ChildConfig) dataplane.Kernel {
	k := sa.conn.KernelOf(config, sa.interfaces())
	if old, ok := sa.heritage.Children[config.Name]; ok {
		delete(sa.heritage.Children, config.Name)
		k = k.Inheriting(&old)
	}
	return k.Numbered(sa.env.NewMark, sa.env.NewIfID)
}

// KernelOf is what a child of the connection asks of the kernel, with the numbers of interfaces that it has none of itself.
func (c *Connection) KernelOf(child *ChildConfig, defaults Interfaces) dataplane.Kernel {
	k, none := child.Kernel, dataplane.InterfaceID{}
	if k.IfIDIn == none {
		k.IfIDIn = defaults.In
	}
	if k.IfIDOut == none {
		k.IfIDOut = defaults.Out
	}
	return k
}

// StandIn is what the policy that stands for a child while it is down asks of the kernel: packets of any mark meet it where
// each Child SA has one of its own.
func (c *Connection) StandIn(child *ChildConfig) dataplane.Kernel {
	return c.KernelOf(child, Interfaces{c.IfIDIn, c.IfIDOut}).Unnumbered()
}
