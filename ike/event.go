package ike

import (
	"net/netip"

	"culvert/dataplane"
	"culvert/spd"
	"culvert/wire"
)

// An Event is something that happened: a message, finished work, a due timer, a notice or a command.
type Event interface{ event() }

// MessageReceived is a datagram from the network, without the non-ESP marker. The engine owns Datagram.
type MessageReceived struct {
	Path     dataplane.Path
	Datagram []byte
}

// WorkFinished brings the result of a StartWork action.
type WorkFinished struct {
	SA     wire.SPI // our SPI
	Work   WorkID
	Result any
}

// TimerDue tells that the deadline of an SA or shard has passed.
type TimerDue struct{}

// Noticed is a notice of the data plane about one of the SA's children.
type Noticed struct{ Notice dataplane.Notice }

// InstallFailed tells that the data plane refused a child's SA.
type InstallFailed struct {
	SPI uint32 // inbound SPI of the child
	Err error
}

// StreamClosed tells that a TCP stream has ended which Env.Dial had opened.
type StreamClosed struct{ Path dataplane.Path }

// Initiate asks a shard for an IKE SA with the peer at Path.Remote. The first of Children is made with it, the others follow.
// INITIAL_CONTACT is sent when both the connection and InitialContact ask for it (RFC 7296, Section 2.4); not for a
// reauthentication, whose old SA is to live until the new one is up. With dataplane.TransportTCP the SA opens a stream first.
// Fallback tells that there is another transport, so that silence ends the attempt early (RFC 9329, Section 5.1).
type Initiate struct {
	Connection     *Connection
	Path           dataplane.Path
	Children       []*ChildConfig
	Trigger        *spd.Flow    // the packet that asks for the first child, or nil
	VirtualIPs     []netip.Addr // what an earlier IKE SA was assigned, to be asked for again
	Heritage       Heritage     // of an earlier IKE SA, owned by the new one; zero: none
	InitialContact bool
	Fallback       bool
	RedirectedFrom netip.Addr // gateway that has sent us to this one (RFC 5685); invalid: none has
	Ticket         uint64     // repeated in the News of the SA, for who asked
}

// Command has an SA of a shard handle an event.
type Command struct {
	SA    wire.SPI
	Event Event
}

// SetConnections gives a shard a new configuration. Living IKE SAs get the new version of their connection.
type SetConnections struct{ Connections *Connections }

// Command events, from an operator or the supervisor. An SA that cannot obey reports a Failure.
type (
	// CreateChild asks an established IKE SA for a Child SA of this configuration.
	// Trigger is the packet that asks for it, or nil.
	CreateChild struct {
		Child   *ChildConfig
		Trigger *spd.Flow
	}
	// RekeyChild asks for a rekey of the child with this inbound SPI.
	RekeyChild struct{ SPI uint32 }
	// RekeyIKE asks for a rekey of the IKE SA.
	RekeyIKE struct{}
	// CloseChild deletes one child by its inbound SPI.
	CloseChild struct{ SPI uint32 }
	// Close deletes the IKE SA with its children; Abandon tells it to send nothing and wait for nobody, Drain to wait for
	// packets that are on their way, as the traffic goes on through another IKE SA.
	Close struct {
		Reason  string
		Abandon bool
		Drain   bool
	}
	// Withdraw ends an attempt to connect unless IKE_AUTH was sent: the peer has connected meanwhile.
	Withdraw struct{}
	// NotAlone tells an attempt to connect that there is another IKE SA with the peer by now: it claims no INITIAL_CONTACT.
	NotAlone struct{}
	// CheckLiveness asks for an empty INFORMATIONAL exchange now (RFC 7296, Section 2.4).
	CheckLiveness struct{}
	// Reconfigure gives the SA the new version of its connection; it takes effect at the next exchange.
	Reconfigure struct{ Connection *Connection }
)

func (MessageReceived) event() {}
func (WorkFinished) event()    {}
func (TimerDue) event()        {}
func (Noticed) event()         {}
func (InstallFailed) event()   {}
func (StreamClosed) event()    {}
func (Command) event()         {}
func (SetConnections) event()  {}
func (Initiate) event()        {}
func (CreateChild) event()     {}
func (RekeyChild) event()      {}
func (RekeyIKE) event()        {}
func (CloseChild) event()      {}
func (Close) event()           {}
func (Withdraw) event()        {}
func (NotAlone) event()        {}
func (CheckLiveness) event()   {}
func (Reconfigure) event()     {}
func (EndRevoked) event()      {}
