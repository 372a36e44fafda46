package nl

// Limits bound a state by what it carries and by its age in seconds. Of volumes 0 is a limit, Unlimited none; of ages 0 is none.
type Limits struct {
	SoftBytes, HardBytes, SoftPackets, HardPackets uint64
	SoftAge, HardAge                               uint64 // since it was added
}

// NoLimits are those that are never reached.
func NoLimits() Limits {
	return Limits{SoftBytes: Unlimited, HardBytes: Unlimited, SoftPackets: Unlimited, HardPackets: Unlimited}
}

func (l *Limits) append(w *writer) {
	for _, v := range []uint64{l.SoftBytes, l.HardBytes, l.SoftPackets, l.HardPackets, l.SoftAge, l.HardAge} {
		w.u64(v)
	}
	w.zero(8 + 8) // since the first use
}

func readLimits(r *reader) (l Limits) {
	for _, v := range []*uint64{&l.SoftBytes, &l.HardBytes, &l.SoftPackets, &l.HardPackets, &l.SoftAge, &l.HardAge} {
		*v = r.u64()
	}
	r.skip(8 + 8)
	return l
}

// Usage is what a state or policy has carried, and when; times are Unix seconds, 0 is never.
type Usage struct{ Bytes, Packets, Added, Used uint64 }

func (u *Usage) append(w *writer) {
	for _, v := range []uint64{u.Bytes, u.Packets, u.Added, u.Used} {
		w.u64(v)
	}
}

func readUsage(r *reader) (u Usage) {
	for _, v := range []*uint64{&u.Bytes, &u.Packets, &u.Added, &u.Used} {
		*v = r.u64()
	}
	return u
}
