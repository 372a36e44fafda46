// Package netstack is the data plane without privileges: the user-space ESP of package user under gVisor's TCP/IP, all in
// this process. It implements dataplane.Backend, and dials and listens inside of its tunnels.
//
//	DialTCP, ListenTCP, DialUDP -> gVisor's stack -> link (user.Device) -> user.Backend: SPD, ESP -> sockets
//
// The stack has the addresses that policies bring (dataplane.Policy.VirtualIPs) and those of Config. An address stays when
// its policy goes, so that connections outlive a tunnel that comes up again with the same address; when a later policy
// brings another address of the family, the old one goes, and its connections end.
package netstack
