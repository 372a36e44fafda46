package ike

import (
	"net/netip"
	"slices"
	"time"

	"culvert/auth"
	"culvert/dataplane"
	"culvert/suite"
	"culvert/wire"
)

// SAStatus is what an IKE SA is at one moment. It is a value and owns its fields.
type SAStatus struct {
	ID                    uint32 // of the node's IKE SAs, never used again in its life
	Connection            *Connection
	State                 State
	Initiator             bool
	LocalSPI, RemoteSPI   wire.SPI
	Path                  dataplane.Path
	ESP                   dataplane.Transport // of the children
	Local, Remote         string              // identities, once authenticated
	Proof                 *Proof              // how, once authenticated
	LocalNAT, RemoteNAT   bool
	Suite                 string           // as in a proposal
	Transforms            []wire.Transform // of which Suite is the text
	Resistance            Resistance
	Created, Established  time.Time
	Rekey, Reauth, Expire time.Time // when they are due; zero: never
	Assigned              Assignment
	Leases                []netip.Addr
	Children              []ChildInfo
	Redirectable          bool   // the peer is a client that can be sent to another gateway (RFC 5685)
	PPK                   string // in the keys; empty: none
	Interfaces            Interfaces
	Tasks                 Tasks
}

// Status tells about the SA.
func (sa *SA) Status() SAStatus {
	s := SAStatus{
		ID: sa.id, Connection: sa.conn, State: sa.state, Initiator: sa.initiator, LocalSPI: sa.LocalSPI(), RemoteSPI: sa.spiR, Path: sa.path, ESP: sa.espPath().Transport,
		LocalNAT: sa.peer.weBehindNAT, RemoteNAT: sa.peer.behindNAT,
		Created: sa.created, Established: sa.established,
		Rekey: sa.timers.at(timerRekey, 0), Reauth: sa.timers.at(timerReauth, 0), Expire: sa.timers.at(timerExpire, 0),
		Assigned: sa.assigned.clone(), Leases: slices.Clone(sa.leases), Children: sa.Children(), Redirectable: sa.peer.redirectable && !sa.peer.client, Tasks: sa.workload(), Interfaces: sa.ifIDs,
	}
	if sa.ppk != nil {
		s.PPK = sa.ppk.Name
	}
	if !sa.initiator {
		s.RemoteSPI = sa.spiI
	}
	if sa.state.authenticated() {
		if sa.texts == nil {
			sa.texts = &texts{suite: suite.FormatProposal(sa.suite.Proposal)}
		}
		s.Suite, s.Local, s.Remote = sa.texts.suite, sa.texts.local.name(sa.local), sa.peerName()
		s.Proof, s.Resistance = sa.proof, sa.resistance()
	} else if len(sa.suite.Proposal.Transforms) > 0 {
		s.Suite = suite.FormatProposal(sa.suite.Proposal)
	}
	s.Transforms = slices.Clone(sa.suite.Proposal.Transforms)
	return s
}

// texts are those of an authenticated IKE SA that whoever asks for its status gets. To write them takes longer than all the rest,
// and while a shard tells of thousands of IKE SAs no peer is answered.
type texts struct {
	suite         string // which an authenticated IKE SA keeps
	local, remote identityText
}

// An identityText is the text of the identity that it was last asked for.
type identityText struct {
	identity auth.Identity
	text     string
}

func (t *identityText) name(id auth.Identity) string {
	if t.identity != id {
		t.identity, t.text = id, identityName(id)
	}
	return t.text
}

// Status tells about every IKE SA of the shard, in the order of their slots. Those that are gone, and only remembered for
// the sake of retransmissions, are left out.
func (s *Shard) Status() []SAStatus {
	list := make([]SAStatus, 0, s.slots.used)
	for i := range s.slots.list {
		if sa := s.slots.list[i].sa; sa != nil && sa.state != StateClosed {
			list = append(list, sa.Status())
		}
	}
	return list
}

// Stats returns the counters of the shard.
func (s *Shard) Stats() Stats { return *s.env.Stats }
