package supervisor

import (
	"testing"

	"culvert/ike"
)

// Of two equal children the one with the lower SPI stays. Who has made the other one closes it, also when that peer has made both,
// by rekeying one of the other peer's.
func TestDoubledChildIsClosedByWhoMadeIt(t *testing.T) {
	for _, tt := range []struct {
		name        string
		stays, goes bool // we have made them
		closed      int
	}{
		{"the other one is ours", false, true, 1},
		{"both are ours", true, true, 1},
		{"the other one is the peer's", true, false, 0},
		{"both are the peer's", false, false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, connection(child("net", ike.StartUp)))
			sa := b.connect()
			take[Command](b)
			for i, ours := range []bool{tt.stays, tt.goes} {
				sa.Initiator = ours
				b.childNews(sa, ike.NewsChildUp, "twin", uint32(0x100*(i+1)), nil)
			}
			if got := b.commands(sa.SA); len(got) != tt.closed {
				t.Errorf("%d commands %v, want %d", len(got), got, tt.closed)
			}
		})
	}
}
