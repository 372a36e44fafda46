package user

import (
	"sync/atomic"

	"culvert/dataplane"
)

// A lifetime counts what an SA carried and knows its limits (RFC 4301, Section 4.4.2.1). One worker spends, anybody reads.
type lifetime struct {
	softBytes, hardBytes, softPackets, hardPackets uint64 // 0 is no limit

	bytes, packets atomic.Uint64
	last           atomic.Int64 // Unix nanoseconds
	soft, hard     atomic.Bool  // reached
}

func newLifetime(sa *dataplane.SA) lifetime {
	return lifetime{softBytes: sa.SoftBytes, hardBytes: sa.HardBytes, softPackets: sa.SoftPackets, hardPackets: sa.HardPackets}
}

// spend counts bytes and packets at a time. ok is false when the SA may not carry them: it stopped, or does so now. notice
// says which limit was reached just now, 0 if none.
func (l *lifetime) spend(bytes, packets int, at int64) (ok bool, notice dataplane.NoticeKind) {
	if l.hard.Load() {
		return false, 0
	}
	b, p := l.bytes.Load()+uint64(bytes), l.packets.Load()+uint64(packets)
	if beyond(b, l.hardBytes) || beyond(p, l.hardPackets) {
		return false, l.stop()
	}
	l.bytes.Store(b)
	l.packets.Store(p)
	l.last.Store(at)
	if (beyond(b+1, l.softBytes) || beyond(p+1, l.softPackets)) && !l.soft.Swap(true) {
		return true, dataplane.NoticeSoftLimit
	}
	return true, 0
}

// stop ends the SA and returns the notice that is due, once.
func (l *lifetime) stop() dataplane.NoticeKind {
	if l.hard.Swap(true) {
		return 0
	}
	return dataplane.NoticeHardLimit
}

func beyond(n, limit uint64) bool { return limit != 0 && n > limit }

func (l *lifetime) counters(sequence uint64) dataplane.Counters {
	return dataplane.Counters{Bytes: l.bytes.Load(), Packets: l.packets.Load(), LastUse: l.last.Load(), Sequence: sequence}
}
