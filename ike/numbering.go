package ike

import "culvert/dataplane"

// Interfaces are numbers of XFRM interfaces for the children that have none.
type Interfaces struct{ In, Out dataplane.InterfaceID }

// interfaces are those of the IKE SA, which it keeps over rekeying. Those that are to be chosen are so once.
func (sa *SA) interfaces() Interfaces {
	if sa.ifIDs == (Interfaces{}) {
		sa.ifIDs.In, sa.ifIDs.Out = dataplane.ChooseInterfaces(sa.conn.IfIDIn, sa.conn.IfIDOut, sa.env.NewIfID)
	}
	return sa.ifIDs
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
