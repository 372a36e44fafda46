package ike

import (
	"context"
	"time"

	"culvert/dataplane"
	"culvert/suite"
	"culvert/wire"
)

// An Action is something that the driver has to do. Actions are done in order.
type Action interface{ action() }

// Send transmits datagrams along a path; the driver adds the non-ESP marker where the port asks for it.
// With DontFragment the datagrams must arrive whole or not at all.
type Send struct {
	Path         dataplane.Path
	Datagrams    [][]byte
	DontFragment bool
	DSCP         uint8 // 0 to 63
}

// SendKeepalive transmits one octet 0xFF along a path, without a marker (RFC 3948, Section 2.3).
type SendKeepalive struct{ Path dataplane.Path }

// KeepStream has the driver keep a TCP stream open: an IKE SA uses it. Streams that nobody keeps end after a few seconds.
type KeepStream struct{ Path dataplane.Path }

// CloseStream ends a TCP stream when everything is sent; with After only if the peer does not within that time.
type CloseStream struct {
	Path  dataplane.Path
	After time.Duration
}

// WorkID names work of one SA.
type WorkID uint32

// Work is slow or blocking: key exchange, signatures, address leases. Run is called once, from any goroutine.
type Work interface{ Run(ctx context.Context) any }

// QuickWork may say that it takes no longer than handing it to another goroutine and back, so that a driver does well to run
// it where it is.
type QuickWork interface {
	Work
	Quick() bool
}

// StartWork has the driver run Work and answer with WorkFinished.
type StartWork struct {
	SA   wire.SPI
	ID   WorkID
	Work Work
}

// Data-plane actions. When InstallSA fails the driver answers with InstallFailed naming Child.
type (
	// InstallSA installs one direction of a child; Child is the child's inbound SPI.
	InstallSA struct {
		Child uint32
		SA    dataplane.SA
	}
	// RemoveSA removes one direction of a child.
	RemoveSA struct {
		Direction dataplane.Direction
		SPI       uint32
		Policy    dataplane.PolicyID
	}
	// MoveSA gives both directions of a child a new path; Outbound is 0 while only the inbound SA is installed.
	MoveSA struct {
		Inbound, Outbound uint32
		Path              dataplane.Path
	}
	// SetPathMTU tells what probes found out: IP packets of MTU octets reach the peer.
	SetPathMTU struct {
		Path dataplane.Path
		MTU  int
	}
	// SetPolicy and RemovePolicy change the SPD.
	SetPolicy    struct{ Policy dataplane.Policy }
	RemovePolicy struct{ ID dataplane.PolicyID }
	// Bind tells which IKE SA owns an inbound SPI and policy, so that notices find it. A rekeyed IKE SA binds anew.
	Bind struct {
		SA     wire.SPI
		SPI    uint32
		Policy dataplane.PolicyID
	}
)

// Adopt hands a new SA, made by an IKE SA rekey, to the shard, and tells about each time that another SA acts on it.
type Adopt struct{ SA *SA }

// ExportIKEKeys gives the keys of an IKE SA to a driver that asked for them by Env.ExportKeys, for a packet analyser.
type ExportIKEKeys struct {
	Connection *Connection // nil: not known yet
	SPIi, SPIr wire.SPI
	Suite      suite.Selection
	Keys       suite.IKEKeys // shared with the SA
}

// Unclaimed is a notice of the data plane that no IKE SA of the shard knows what to do with.
type Unclaimed struct{ Notice dataplane.Notice }

// Report is news for the log, the event stream and the supervisor.
type Report struct{ News News }

func (Send) action()          {}
func (SendKeepalive) action() {}
func (KeepStream) action()    {}
func (CloseStream) action()   {}
func (StartWork) action()     {}
func (InstallSA) action()     {}
func (RemoveSA) action()      {}
func (MoveSA) action()        {}
func (SetPathMTU) action()    {}
func (SetPolicy) action()     {}
func (RemovePolicy) action()  {}
func (Bind) action()          {}
func (Adopt) action()         {}
func (Unclaimed) action()     {}
func (Report) action()        {}
func (ExportIKEKeys) action() {}
