package wire

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// piece is an authentic fragment.
func piece(number, total int, plaintext []byte) Fragment {
	f := Fragment{Header: authRequest(), Number: uint16(number), Total: uint16(total), Plaintext: plaintext}
	if number == 1 {
		f.First = PayloadVendorID
	}
	return f
}

// vendorChain is a chain of one Vendor ID payload of 12 octets.
func vendorChain() []byte { return AppendPayloads(nil, []Payload{&VendorID{Data: []byte("culverts")}}) }

// mustAdd adds a fragment that is accepted without completing the message.
func mustAdd(t *testing.T, r *Reassembler, f Fragment) {
	t.Helper()
	if m, complete, err := r.Add(f); m != nil || complete || err != nil {
		t.Fatalf("fragment %d of %d: got %v, %v, %v, want it kept", f.Number, f.Total, m, complete, err)
	}
}

// mustComplete adds the last missing fragment and checks the message.
func mustComplete(t *testing.T, r *Reassembler, f Fragment) {
	t.Helper()
	m, complete, err := r.Add(f)
	if err != nil || !complete {
		t.Fatalf("fragment %d of %d: complete %v, %v", f.Number, f.Total, complete, err)
	}
	if diff := cmp.Diff([]Payload{&VendorID{Data: []byte("culverts")}}, m.Payloads); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !bytes.Equal(m.Plaintext, vendorChain()) || m.MessageID != 1 {
		t.Errorf("got %x in message %d", m.Plaintext, m.MessageID)
	}
}

func TestReassemblerTakesAnyOrderAndIgnoresDuplicates(t *testing.T) {
	chain := vendorChain()
	var r Reassembler
	mustAdd(t, &r, piece(3, 3, chain[9:]))
	mustAdd(t, &r, piece(1, 3, chain[:5]))
	mustAdd(t, &r, piece(3, 3, chain[9:]))
	mustAdd(t, &r, piece(1, 3, []byte("other content")))
	mustComplete(t, &r, piece(2, 3, chain[5:9]))
}

func TestReassemblerIsEmptyAfterCompletion(t *testing.T) {
	chain := vendorChain()
	var r Reassembler
	for range 2 {
		mustAdd(t, &r, piece(2, 2, chain[5:]))
		mustComplete(t, &r, piece(1, 2, chain[:5]))
		if diff := cmp.Diff(Reassembler{}, r, cmp.AllowUnexported(Reassembler{}), same); diff != "" {
			t.Fatalf("(-zero +left):\n%s", diff)
		}
	}
}

func TestReassemblerAcceptsFragmentsWithoutContent(t *testing.T) {
	// The extreme case of RFC 7383, Section 2.5.3.
	var r Reassembler
	mustAdd(t, &r, piece(1, 2, nil))
	mustComplete(t, &r, piece(2, 2, vendorChain()))
}

func TestReassemblerSingleFragment(t *testing.T) {
	var r Reassembler
	mustComplete(t, &r, piece(1, 1, vendorChain()))
}

func TestReassemblerTakesTheLargestNumberOfFragments(t *testing.T) {
	chain := vendorChain()
	var r Reassembler
	for number := 1; number < MaxFragments; number++ {
		mustAdd(t, &r, piece(number, MaxFragments, chain[min(number-1, len(chain)):min(number, len(chain))]))
	}
	mustComplete(t, &r, piece(MaxFragments, MaxFragments, nil))
}

func TestReassemblerStartsOverWithAFinerSet(t *testing.T) {
	chain := vendorChain()
	var r Reassembler
	mustAdd(t, &r, piece(1, 2, chain[:6]))
	mustAdd(t, &r, piece(3, 3, chain[8:]))
	mustAdd(t, &r, piece(2, 3, chain[4:8]))
	if _, _, err := r.Add(piece(2, 2, chain[6:])); !errors.Is(err, errStaleFragment) {
		t.Errorf("fragment of the coarser set: got %v, want errStaleFragment", err)
	}
	mustComplete(t, &r, piece(1, 3, chain[:4]))
}

func TestReassemblerRefuses(t *testing.T) {
	response := piece(2, 2, nil)
	response.Flags = FlagResponse
	later := piece(2, 2, nil)
	later.MessageID++
	stranger := piece(2, 2, nil)
	stranger.InitiatorSPI++
	exchange := piece(3, 3, nil)
	exchange.Exchange = ExchangeInformational
	tests := []struct {
		name     string
		fragment Fragment
		want     error
	}{
		{"number zero", piece(0, 2, nil), errFragmentNumber},
		{"number above total", piece(3, 2, nil), errFragmentNumber},
		{"zero of zero", piece(0, 0, nil), errFragmentNumber},
		{"too many fragments", piece(2, MaxFragments+1, nil), errFragmentCount},
		{"65535 fragments", piece(2, 65535, nil), errFragmentCount},
		{"response among requests", response, errForeignFragment},
		{"other message ID", later, errForeignFragment},
		{"other SA", stranger, errForeignFragment},
		{"other exchange, finer set", exchange, errForeignFragment},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			chain := vendorChain()
			var r Reassembler
			mustAdd(t, &r, piece(1, 2, chain[:5]))
			m, complete, err := r.Add(tt.fragment)
			if !errors.Is(err, tt.want) || complete || m != nil {
				t.Errorf("got %v, %v, %v, want %v", m, complete, err, tt.want)
			}
			mustComplete(t, &r, piece(2, 2, chain[5:]))
		})
	}
}

func TestReassemblerBoundsTheMessage(t *testing.T) {
	var r Reassembler
	half := make([]byte, MaxMessage/2+1)
	mustAdd(t, &r, piece(1, 3, half))
	_, _, err := r.Add(piece(2, 3, half))
	var e *Error
	if !errors.Is(err, errMessageSize) || !errors.As(err, &e) || !e.Authentic {
		t.Fatalf("got %v, want authentic errMessageSize", err)
	}
	if r.parts != nil || r.size != 0 {
		t.Errorf("%d octets are still held", r.size)
	}
	mustAdd(t, &r, piece(1, 2, vendorChain()[:5]))
	mustComplete(t, &r, piece(2, 2, vendorChain()[5:]))
}

func TestReassemblerReportsErrorsInTheMessage(t *testing.T) {
	var r Reassembler
	mustAdd(t, &r, piece(1, 2, vendorChain()))
	_, complete, err := r.Add(piece(2, 2, []byte{0}))
	var e *Error
	if complete || !errors.As(err, &e) || !e.Authentic || e.Notify != NotifyInvalidSyntax {
		t.Errorf("got %v, %v, want authentic INVALID_SYNTAX", complete, err)
	}
	if r.parts != nil {
		t.Error("broken message is still held")
	}
}

func TestReassemblerOwnsItsMemory(t *testing.T) {
	chain := vendorChain()
	first := bytes.Clone(chain[:6])
	var r Reassembler
	mustAdd(t, &r, piece(1, 2, first))
	clear(first)
	mustComplete(t, &r, piece(2, 2, chain[6:]))
}

func TestReassemblerKeepsOuterPayloadsOfTheFirstFragment(t *testing.T) {
	first := piece(1, 2, vendorChain()[:6])
	first.Outer = []Payload{&Notify{NotifyType: NotifyCookie}}
	first.NextPayload = PayloadNotify
	var r Reassembler
	mustAdd(t, &r, piece(2, 2, vendorChain()[6:]))
	m, complete, err := r.Add(first)
	if err != nil || !complete {
		t.Fatal(complete, err)
	}
	want := []Payload{&Notify{NotifyType: NotifyCookie}, &VendorID{Data: []byte("culverts")}}
	if diff := cmp.Diff(want, m.Payloads); diff != "" || m.NextPayload != PayloadNotify {
		t.Errorf("next payload %v, (-want +got):\n%s", m.NextPayload, diff)
	}
}

func FuzzReassembler(f *testing.F) {
	f.Add([]byte{1, 2, 4, 0, 0, 0, 2, 2, 8, 'c', 'u', 'l', 'v', 'e', 'r', 't'})
	f.Add([]byte{1, 1, 4, 0, 0, 0, 4, 2, 3, 0, 1, 255, 0, 3, 2, 0})
	f.Fuzz(func(t *testing.T, script []byte) {
		var r Reassembler
		for len(script) >= 3 {
			n := min(int(script[2]), len(script)-3)
			fragment := piece(int(script[0]), int(script[1])*int(script[1]), script[3:3+n])
			script = script[3+n:]
			m, complete, err := r.Add(fragment)
			if complete != (m != nil) || complete && err != nil {
				t.Fatalf("got %v, %v, %v", m, complete, err)
			}
			if r.size > MaxMessage || len(r.parts) > MaxFragments || r.have > len(r.parts) {
				t.Fatalf("%d octets, %d of %d parts", r.size, r.have, len(r.parts))
			}
		}
	})
}
