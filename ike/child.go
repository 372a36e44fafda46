package ike

import (
	"time"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/spd"
	"culvert/suite"
)

// A Child is one Child SA pair of an IKE SA (RFC 7296, Section 1.3).
type Child struct {
	config        *ChildConfig
	policy        dataplane.PolicyID // kept across rekeys
	inSPI, outSPI uint32
	suite         suite.Selection
	mode          esp.Mode
	local, remote []spd.Selector // negotiated
	state         childState
	initiator     bool      // we initiated the exchange that made it
	nonces        [2][]byte // Ni, Nr of that exchange while a collision may still be decided by them (RFC 7296, Section 2.8.1)
	created       time.Time
}

// childState is where a child stands.
type childState uint8

const (
	childInstalled childState = iota
	childRekeying             // our CREATE_CHILD_SA for it is under way
	childRekeyed              // replaced; waits for its deletion
	childDeleting             // our Delete for it is under way
)

// ChildInfo tells about a child in News and status.
type ChildInfo struct {
	Name          string
	InSPI, OutSPI uint32
	Policy        dataplane.PolicyID
	Mode          esp.Mode
	Suite         string
	Local, Remote []spd.Selector
	Created       time.Time
}
