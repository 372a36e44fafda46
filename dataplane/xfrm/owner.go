package xfrm

import (
	"errors"
	"hash/fnv"

	"culvert/dataplane/xfrm/nl"
)

// What is ours bears two marks. States and templates have a reqid out of a range that nobody else uses, unless one is configured:
//
//	| 0xC (4 bits) | owner (8 bits) | slot (20 bits) |
//
// Policies have the owner in their limit of packets, which the kernel keeps and does not heed. The owner is made from the
// folder of what outlives the process, so that two daemons in one network namespace leave each other alone.
const (
	reqIDRange = 0xC << 28
	ownerShift = 20
	maxSlots   = 1 << ownerShift
)

// An owner recognises what is ours.
type owner struct {
	reqIDs uint32 // the first
	tag    uint64
}

func newOwner(name string) owner {
	h := fnv.New32a()
	h.Write([]byte(name))
	sum := h.Sum32()
	return owner{reqIDRange | sum&0xff<<ownerShift, 'C'<<56 | 'U'<<48 | 'L'<<40 | 'V'<<32 | uint64(sum)}
}

// number tells owners apart in a small range.
func (o owner) number() int { return int(o.reqIDs >> ownerShift & 0xff) }

func (o owner) hasState(s *nl.State) bool { return o.gave(s.ReqID) }

// gave tells whether a reqid is out of our range.
func (o owner) gave(reqID uint32) bool { return reqID&^(maxSlots-1) == o.reqIDs }

func (o owner) hasPolicy(p *nl.Policy) bool { return p.Limits.SoftPackets == o.tag }

// limits are those of our policies.
func (o owner) limits() nl.Limits {
	l := nl.NoLimits()
	l.SoftPackets = o.tag
	return l
}

// errFull means that there are as many policies as reqids.
var errFull = errors.New("no reqid is free")

// slots hand out the reqids of an owner.
type slots struct {
	next uint32 // never used so far; 0 is not used
	free []uint32
}

func (s *slots) take(o owner) (uint32, error) {
	if n := len(s.free); n > 0 && (n > restingSlots || s.next == maxSlots-1) {
		id := s.free[0]
		s.free = s.free[1:]
		return id, nil
	}
	if s.next == maxSlots-1 {
		return 0, errFull
	}
	s.next++
	return o.reqIDs | s.next, nil
}

// restingSlots is how many reqids are given back before the first of them is used again: events about a policy that is gone
// are to miss the one that comes.
const restingSlots = 1024

// avoid keeps away from a reqid that a policy of a predecessor has, and from those below it.
func (s *slots) avoid(id uint32) {
	if slot := id & (maxSlots - 1); slot < maxSlots/2 {
		s.next = max(s.next, slot)
	}
}

func (s *slots) give(id uint32) { s.free = append(s.free, id) }
