package dataplane

import (
	"hash/maphash"

	"culvert/spd"
)

// ReqIDs are the numbers of policies, in backends that have an Identifier. A policy has that of one which is there already for
// the same child and traffic: it stays over reauthentication, where a policy takes the place of another, and other programs may
// rely on it. The zero value has none. It is not safe for concurrent use.
type ReqIDs struct {
	// Apart gives policies that ask for an SA numbers of their own, so that who asks is known by the number.
	Apart bool

	seed  maphash.Seed // once there is a policy
	of    map[PolicyID]likeness
	known map[likeness]reqID
	last  uint32   // that was made here
	free  []uint32 // of those
}

type reqID struct{ number, users uint32 }

// A likeness is what policies have in common whose number is the same: a digest, or the ID of one that has its own.
type likeness struct {
	digest uint64
	alone  PolicyID
}

// Take returns the number of a policy: the one that it has, that of its like, or a fresh one; without fresh from 1 up, those
// first that were given back.
func (r *ReqIDs) Take(p *Policy, fresh func() (uint32, error)) (uint32, error) {
	if l, ok := r.of[p.ID]; ok {
		return r.known[l].number, nil
	}
	if fresh == nil {
		fresh = r.next
	}
	if r.of == nil {
		r.seed, r.of, r.known = maphash.MakeSeed(), make(map[PolicyID]likeness), make(map[likeness]reqID)
	}
	l := r.likenessOf(p)
	n, err := r.find(l, fresh)
	if err != nil {
		return 0, err
	}
	n.users++
	r.of[p.ID], r.known[l] = l, n
	return n.number, nil
}

func (r *ReqIDs) find(l likeness, fresh func() (uint32, error)) (reqID, error) {
	if n, ok := r.known[l]; ok {
		return n, nil
	}
	number, err := fresh()
	return reqID{number: number}, err
}

// Of returns the number of a policy; 0: it has none.
func (r *ReqIDs) Of(id PolicyID) uint32 { return r.known[r.of[id]].number }

// Give takes a policy off the list. last tells whether nobody has its number any more.
func (r *ReqIDs) Give(id PolicyID) (number uint32, last bool) {
	l, ok := r.of[id]
	if !ok {
		return 0, false
	}
	delete(r.of, id)
	n := r.known[l]
	if n.users--; n.users > 0 {
		r.known[l] = n
		return n.number, false
	}
	delete(r.known, l)
	if n.number <= r.last {
		r.free = append(r.free, n.number)
	}
	return n.number, true
}

// next makes a number.
func (r *ReqIDs) next() (uint32, error) {
	if len(r.free) > 0 {
		number := r.free[0]
		r.free = r.free[1:]
		return number, nil
	}
	r.last++
	return r.last, nil
}

// likenessOf is that of a policy.
func (r *ReqIDs) likenessOf(p *Policy) likeness {
	if p.Action != spd.Protect || p.Name == "" || r.Apart && (p.Trap || p.PerResource) {
		return likeness{alone: p.ID}
	}
	var h maphash.Hash
	h.SetSeed(r.seed)
	maphash.WriteComparable(&h, p.Name)
	spd.Hash(&h, p.Local)
	spd.Hash(&h, p.Remote)
	maphash.WriteComparable(&h, p.Kernel)
	return likeness{digest: h.Sum64()}
}
