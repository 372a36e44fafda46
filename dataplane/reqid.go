package dataplane

import (
	"fmt"

	"culvert/spd"
)

// ReqIDs are the numbers of policies, in backends that have an Identifier. A policy has that of one which is there already for
// the same child and traffic: it stays over reauthentication, where a policy takes the place of another, and other programs may
// rely on it. The zero value has none. It is not safe for concurrent use.
type ReqIDs struct {
	// Apart gives policies that ask for an SA numbers of their own, so that who asks is known by the number.
	Apart bool

	of     map[PolicyID]*reqID
	common map[string]*reqID // by what policies have in common
	last   uint32            // that was made here
	free   []uint32          // of those
}

type reqID struct {
	number uint32
	common string // empty: nothing
	users  int
}

// Take returns the number of a policy: the one that it has, that of its like, or a fresh one; without fresh from 1 up, those
// first that were given back.
func (r *ReqIDs) Take(p *Policy, fresh func() (uint32, error)) (uint32, error) {
	if n := r.of[p.ID]; n != nil {
		return n.number, nil
	}
	if fresh == nil {
		fresh = r.next
	}
	n, err := r.find(r.commonOf(p), fresh)
	if err != nil {
		return 0, err
	}
	if r.of == nil {
		r.of = make(map[PolicyID]*reqID)
	}
	n.users++
	r.of[p.ID] = n
	return n.number, nil
}

func (r *ReqIDs) find(common string, fresh func() (uint32, error)) (*reqID, error) {
	if n := r.common[common]; n != nil {
		return n, nil
	}
	number, err := fresh()
	if err != nil {
		return nil, err
	}
	n := &reqID{number: number, common: common}
	if common != "" {
		if r.common == nil {
			r.common = make(map[string]*reqID)
		}
		r.common[common] = n
	}
	return n, nil
}

// Of returns the number of a policy; 0: it has none.
func (r *ReqIDs) Of(id PolicyID) uint32 {
	if n := r.of[id]; n != nil {
		return n.number
	}
	return 0
}

// Give takes a policy off the list. last tells whether nobody has its number any more.
func (r *ReqIDs) Give(id PolicyID) (number uint32, last bool) {
	n := r.of[id]
	if n == nil {
		return 0, false
	}
	delete(r.of, id)
	if n.users--; n.users > 0 {
		return n.number, false
	}
	if r.common[n.common] == n {
		delete(r.common, n.common)
	}
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

// commonOf is what policies have in common whose number is the same; empty for those that have their own.
func (r *ReqIDs) commonOf(p *Policy) string {
	if p.Action != spd.Protect || p.Name == "" || r.Apart && (p.Trap || p.PerResource) {
		return ""
	}
	return fmt.Sprint(p.Name, p.Local, p.Remote, p.Kernel)
}
