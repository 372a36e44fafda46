package fake

import (
	"time"

	"culvert/dataplane"
)

// usage is what an SA carried, and its limits.
type usage struct {
	limits         *limits // nil: none
	bytes, packets uint64
	last           int64
}

type limits struct {
	softBytes, hardBytes, softPackets, hardPackets uint64 // 0 is no limit
	soft, hard                                     bool   // reached
}

func newUsage(sa *dataplane.SA) usage {
	if sa.SoftBytes|sa.HardBytes|sa.SoftPackets|sa.HardPackets == 0 {
		return usage{}
	}
	return usage{limits: &limits{softBytes: sa.SoftBytes, hardBytes: sa.HardBytes, softPackets: sa.SoftPackets, hardPackets: sa.HardPackets}}
}

// spend counts a packet of n octets. ok is false when the SA may not carry it; notice is the limit that was reached just
// now, or 0.
func (u *usage) spend(n int, now time.Time) (ok bool, notice dataplane.NoticeKind) {
	bytes, packets := u.bytes+uint64(n), u.packets+1
	if l := u.limits; l != nil {
		if ok, notice = l.take(bytes, packets); !ok {
			return false, notice
		}
	}
	u.bytes, u.packets, u.last = bytes, packets, now.UnixNano()
	return true, notice
}

// take decides about the packet that brings an SA to the given use: it is carried up to a hard limit, and a soft limit counts
// as reached when nothing is left before it.
func (l *limits) take(bytes, packets uint64) (ok bool, notice dataplane.NoticeKind) {
	if l.hard || beyond(bytes, l.hardBytes) || beyond(packets, l.hardPackets) {
		return false, once(&l.hard, dataplane.NoticeHardLimit)
	}
	if beyond(bytes+1, l.softBytes) || beyond(packets+1, l.softPackets) {
		return true, once(&l.soft, dataplane.NoticeSoftLimit)
	}
	return true, 0
}

// once returns the notice the first time.
func once(done *bool, kind dataplane.NoticeKind) dataplane.NoticeKind {
	if *done {
		return 0
	}
	*done = true
	return kind
}

func beyond(n, limit uint64) bool { return limit != 0 && n > limit }

func (u *usage) counters(sequence uint64) dataplane.Counters {
	return dataplane.Counters{Bytes: u.bytes, Packets: u.packets, LastUse: u.last, Sequence: sequence}
}
