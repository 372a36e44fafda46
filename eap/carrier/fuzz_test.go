package carrier_test

import (
	"testing"

	"culvert/eap"
)

// FuzzConversation sends whatever comes to a client or a server, behind an honest beginning of some length, too short for an end: nothing panics, and
// nobody succeeds with somebody who has no keys.
func FuzzConversation(f *testing.F) {
	f.Add(true, uint8(0), []byte{0x20}, []byte{0xc0, 0, 0, 0, 9, 22, 3, 3})
	f.Add(true, uint8(1), []byte{0x00, 22, 3, 3, 0, 4, 2, 0, 0, 0}, []byte{0x00})
	f.Add(false, uint8(2), []byte{0x00, 21, 3, 3, 0, 2, 2, 40}, []byte{0x00, 23, 3, 3, 0, 1, 0})
	p := newPair(f)
	f.Fuzz(func(t *testing.T, toClient bool, honest uint8, one, two []byte) {
		client, server := p.begin(t, ask, answer)
		in := server.Step(t.Context(), eap.Input{})
		for range honest % 4 {
			out := client.Step(t.Context(), request(in.Data))
			if out.Data == nil {
				return
			}
			if in = server.Step(t.Context(), request(out.Data)); in.Data == nil {
				return
			}
		}
		victim := eap.Exchange(server)
		if toClient {
			victim = client
		}
		for _, data := range [][]byte{one, two, one, two} {
			if step := victim.Step(t.Context(), request(data)); step.State == eap.Succeeded {
				t.Fatalf("succeeded with %x and %x", one, two)
			}
		}
	})
}
