package ike

import (
	"slices"
	"testing"
)

// shardOf has IKE SAs with these numbers, in the order of their slots; 0 is a slot of none.
func shardOf(ids ...uint32) *Shard {
	s := &Shard{}
	for _, id := range ids {
		var sa *SA
		if id != 0 {
			sa = &SA{id: id, conn: &Connection{}}
		}
		s.slots.list = append(s.slots.list, slot{sa: sa})
	}
	return s
}

// put has another IKE SA in a slot, none if its number is 0.
func (s *Shard) put(slot int, id uint32) { s.slots.list[slot].sa = shardOf(id).slots.list[0].sa }

func TestListingsOfWhatComesAndGoes(t *testing.T) {
	for _, tt := range []struct {
		name string
		then func(*Shard) // after the first two
		want []uint32
	}{
		{"nothing happens", func(*Shard) {}, []uint32{1, 2, 3, 4, 5}},
		{"one that is listed goes", func(s *Shard) { s.put(0, 0) }, []uint32{1, 2, 3, 4, 5}},
		{"one that is not listed goes", func(s *Shard) { s.put(3, 0) }, []uint32{1, 2, 4, 5}},
		{"a successor in a slot that was looked at", func(s *Shard) { s.put(0, 6); s.put(4, 0) }, []uint32{1, 2, 3, 5, 6}},
		{"a successor in a slot that was not looked at", func(s *Shard) { s.put(4, 6) }, []uint32{1, 2, 3, 5, 6}},
		{"one that was listed has a successor", func(s *Shard) { s.put(1, 6) }, []uint32{1, 2, 3, 4, 5, 6}},
		{"all go", func(s *Shard) { clear(s.slots.list) }, []uint32{1, 2}},
		{"a closed one", func(s *Shard) { s.slots.list[3].sa.state = StateClosed }, []uint32{1, 2, 4, 5}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := shardOf(1, 2, 0, 3, 4, 5)
			var l Listing
			var got []uint32
			for part := s.List(&l, 2); len(part) > 0; part = s.List(&l, 2) {
				if len(part) > 2 {
					t.Fatalf("%d in one part", len(part))
				}
				for _, sa := range part {
					got = append(got, sa.ID)
				}
				if len(got) == 2 {
					tt.then(s)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if more := s.List(&l, 2); more != nil {
				t.Errorf("then %v", more)
			}
		})
	}
}

func TestListingOfNothing(t *testing.T) {
	if got := shardOf().List(new(Listing), 9); got != nil {
		t.Errorf("got %v", got)
	}
}
