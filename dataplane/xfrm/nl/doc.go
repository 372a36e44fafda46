// Package nl is the codec of the XFRM netlink family, through which Linux is told about IPsec: states (its word for SAs),
// policies, and the news that the kernel has of them. Layouts are those of the kernel's uapi header xfrm.h, in the byte order
// of the host but for what the wire has, too: addresses, ports and SPIs.
//
// Encoders append; decoders check lengths before they look, and copy what they return.
package nl

import "errors"

// ErrShort means that a message ends before what its layout demands.
var ErrShort = errors.New("xfrm message is too short")

// ErrMalformed means that a message contradicts itself.
var ErrMalformed = errors.New("xfrm message is malformed")

// Type is the type of a message.
type Type uint16

// The types.
const (
	NewSA Type = 0x10 + iota
	DelSA
	GetSA
	NewPolicy
	DelPolicy
	GetPolicy
	AllocSPI
	AcquireType
	ExpireType
	UpdPolicy
	UpdSA
	PolicyExpireType
	FlushSA
	FlushPolicy
	NewAE
	GetAE
	ReportType
	MigrateType
	NewSADInfo
	GetSADInfo
	NewSPDInfo
	GetSPDInfo
	MappingType
	SetDefault
	GetDefault
)

// Group is a multicast group of events.
type Group uint32

// The groups.
const (
	GroupAcquire Group = 1
	GroupExpire  Group = 2
	GroupAE      Group = 5
	GroupMapping Group = 8
)

// Mode is the mode of a state or template.
type Mode uint8

// The modes.
const (
	ModeTransport Mode = 0
	ModeTunnel    Mode = 1
	ModeBEET      Mode = 4
	ModeIPTFS     Mode = 5 // Linux 6.14
)

// ProtocolESP is the IP protocol of ESP.
const ProtocolESP = 50

// Unlimited is a limit that is never reached.
const Unlimited = ^uint64(0)
