package dataplane

import "sync/atomic"

// A Lifetime counts what an SA carried and knows its limits (RFC 4301, Section 4.4.2.1). Backends put it into their SAs. It
// is safe for concurrent use.
type Lifetime struct {
	softBytes, hardBytes, softPackets, hardPackets uint64 // 0 is no limit

	bytes, packets atomic.Uint64
	last           atomic.Int64 // Unix nanoseconds
	soft, hard     atomic.Bool  // reached
}

// SetLimits takes the limits of an SA that has carried nothing.
func (l *Lifetime) SetLimits(sa *SA) {
	l.softBytes, l.hardBytes, l.softPackets, l.hardPackets = sa.SoftBytes, sa.HardBytes, sa.SoftPackets, sa.HardPackets
}

// Spend counts bytes and packets at a time in Unix nanoseconds. ok is false when the SA may not carry them: it stopped, or
// does so now. A soft limit counts as reached when nothing is left before it. notice is NoticeSoftLimit or NoticeHardLimit
// when that was reached just now, else 0.
func (l *Lifetime) Spend(bytes, packets int, at int64) (ok bool, notice NoticeKind) {
	if l.hard.Load() {
		return false, 0
	}
	b, p := l.bytes.Add(uint64(bytes)), l.packets.Add(uint64(packets))
	if beyond(b, l.hardBytes) || beyond(p, l.hardPackets) {
		l.bytes.Add(-uint64(bytes))
		l.packets.Add(-uint64(packets))
		return false, l.Stop()
	}
	l.last.Store(at)
	if (beyond(b+1, l.softBytes) || beyond(p+1, l.softPackets)) && !l.soft.Swap(true) {
		return true, NoticeSoftLimit
	}
	return true, 0
}

// Covers reports whether Spend, asked now, would let bytes and packets pass. It counts nothing.
func (l *Lifetime) Covers(bytes, packets int) bool {
	return !l.hard.Load() && !beyond(l.bytes.Load()+uint64(bytes), l.hardBytes) && !beyond(l.packets.Load()+uint64(packets), l.hardPackets)
}

// Stop ends the SA and returns NoticeHardLimit, once.
func (l *Lifetime) Stop() NoticeKind {
	if l.hard.Swap(true) {
		return 0
	}
	return NoticeHardLimit
}

func beyond(n, limit uint64) bool { return limit != 0 && n > limit }

// Counters returns what the SA carried. The sequence number is its owner's to tell.
func (l *Lifetime) Counters(sequence uint64) Counters {
	return Counters{Bytes: l.bytes.Load(), Packets: l.packets.Load(), LastUse: l.last.Load(), Sequence: sequence}
}
