package netio

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"culvert/dataplane"
)

// What a full socket loses is counted once somebody reads on: with what was received it is all that was sent.
func TestFullSocketCountsWhatItLoses(t *testing.T) {
	l, err := Listen(Config{Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Buffer: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	to, from := &end{Listener: l, t: t, ike: make(chan arrival, 1000), esp: make(chan arrival, 5000)}, newEnd(t, "127.0.0.1")
	packet := make([]byte, 1000)
	binary.BigEndian.PutUint32(packet, 0x12345678)
	send := func() {
		from.Sender(0).SendESP([]dataplane.Burst{{Path: from.to(to, "127.0.0.1", roleNAT), Data: packet, Segment: len(packet)}})
	}
	const sent = 2000
	for range sent {
		send()
	}
	to.start()
	await(t, to.esp)
	for deadline := time.Now().Add(patience); ; {
		counts := to.Counts()
		if counts[ReceiveOverflow] > 0 && counts[ReceivedESP]+counts[ReceiveOverflow] >= sent {
			if counts[ReceiveOverflow] < sent/2 {
				t.Errorf("only %d of %d were lost", counts[ReceiveOverflow], sent)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d received and %d lost of %d", counts[ReceivedESP], counts[ReceiveOverflow], sent)
		}
		send() // what comes next says what was lost before
		await(t, to.esp)
	}
}
