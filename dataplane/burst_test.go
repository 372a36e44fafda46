package dataplane

import "testing"

func TestBurstCutsPackets(t *testing.T) {
	tests := []struct {
		name    string
		octets  int
		segment int
		lengths []int
	}{
		{"empty", 0, 10, nil},
		{"single", 100, 0, []int{100}},
		{"segment as long as the data", 100, 100, []int{100}},
		{"segment longer than the data", 100, 200, []int{100}},
		{"equal segments", 300, 100, []int{100, 100, 100}},
		{"short tail", 250, 100, []int{100, 100, 50}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := Burst{Data: make([]byte, tt.octets), Segment: tt.segment}
			if got := b.Count(); tt.octets > 0 && got != len(tt.lengths) {
				t.Errorf("Count() = %d, want %d", got, len(tt.lengths))
			}
			var got []int
			for p, ok := b.Next(); ok; p, ok = b.Next() {
				if cap(p) != len(p) {
					t.Errorf("packet of %d octets may grow into the next: cap %d", len(p), cap(p))
				}
				got = append(got, len(p))
			}
			if len(got) != len(tt.lengths) {
				t.Fatalf("got lengths %v, want %v", got, tt.lengths)
			}
			for i := range got {
				if got[i] != tt.lengths[i] {
					t.Errorf("packet %d: %d octets, want %d", i, got[i], tt.lengths[i])
				}
			}
		})
	}
}
