package kernel_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"testing"

	"culvert/esp"
)

// Packets that no sealer makes: what each side does with them.
func TestMalformedPackets(t *testing.T) {
	o := newOracle(t)
	k := tunnel{algorithm: "null-sha256", window: 64}
	datagram := o.datagram([]byte("8 octets"))
	const tunnelled = 4
	tests := []struct {
		name    string
		payload []byte // with padding, pad length and next header
		ours    error
		theirs  string // the kernel's counter; empty: it accepts
	}{
		{"good", trailed(datagram, []byte{1, 2}, 2, tunnelled), nil, ""},
		{"more padding than needed", trailed(datagram, []byte{1, 2, 3, 4, 5, 6}, 6, tunnelled), nil, ""},
		// The kernel does not look at the padding, which a receiver SHOULD do (RFC 4303, Section 2.4), nor for its alignment.
		{"padding of zeros", trailed(datagram, []byte{0, 0}, 2, tunnelled), esp.ErrPadding, ""},
		{"no multiple of 4", trailed(datagram, []byte{1}, 1, tunnelled), esp.ErrTruncated, ""},
		{"padding longer than the packet", trailed(datagram, []byte{1, 2}, 255, tunnelled), esp.ErrPadding, "XfrmInStateProtoError"},
		{"dummy", trailed(datagram, []byte{1, 2}, 2, 59), esp.ErrDummy, "XfrmInStateProtoError"},
		{"next header of no tunnel", trailed(datagram, []byte{1, 2}, 2, 17), esp.ErrNextHeader, "XfrmInStateModeError"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, fromKernel := o.open(k)
			pkt := o.byHand(k, tt.payload)
			in, err := esp.NewInbound(o.params(k, spiToKernel))
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := in.Open(append([]byte(nil), pkt...)); !errors.Is(err, tt.ours) {
				t.Errorf("we say %v, want %v", err, tt.ours)
			}
			before := o.stats()
			o.send(pkt)
			if tt.theirs == "" {
				if _, _, err := fromKernel.Open(o.receive()); err != nil {
					t.Error(err)
				}
				return
			}
			o.Await("the kernel to count "+tt.theirs, func() bool { return o.stats()[tt.theirs] == before[tt.theirs]+1 })
		})
	}
}

func trailed(inner, padding []byte, length, next byte) []byte {
	return append(append(append([]byte(nil), inner...), padding...), length, next)
}

// byHand makes a packet with the integrity of HMAC-SHA-256-128 alone.
func (o *oracle) byHand(k tunnel, payload []byte) []byte {
	pkt := binary.BigEndian.AppendUint32(nil, spiToKernel)
	pkt = binary.BigEndian.AppendUint32(pkt, 1)
	pkt = append(pkt, payload...)
	mac := hmac.New(sha256.New, o.params(k, spiToKernel).IntegKey)
	mac.Write(pkt)
	return mac.Sum(pkt)[:len(pkt)+16]
}

// An SA without extended sequence numbers ends with 2^32-1 (RFC 4303, Section 3.3.3), and with them goes on.
func TestSequenceNumbersRunOut(t *testing.T) {
	o := newOracle(t)
	for _, esn := range []bool{false, true} {
		out, in := o.open(tunnel{algorithm: "aes128gcm16", esn: esn, window: 64, last: 1<<32 - 3})
		for range 2 {
			o.roundTrip(t, out, in, []byte("before"))
		}
		if !esn {
			if _, err := out.Seal(nil, o.datagram(nil)); !errors.Is(err, esp.ErrSequenceExhausted) {
				t.Errorf("after the last number: %v", err)
			}
			continue
		}
		for range 3 {
			o.roundTrip(t, out, in, []byte("after"))
		}
		if want := uint64(1<<32 + 2); out.Sequence() != want || in.Sequence() != want {
			t.Errorf("we are at %#x, the kernel at %#x, want %#x", out.Sequence(), in.Sequence(), want)
		}
	}
}

// A changed octet anywhere is refused, and changes nothing for the packets after it.
func TestChangedPackets(t *testing.T) {
	o := newOracle(t)
	for _, algorithm := range []string{"aes256gcm16", "chacha20poly1305", "aes128-sha256"} {
		t.Run(algorithm, func(t *testing.T) {
			out, in := o.open(tunnel{algorithm: algorithm, esn: true, window: 64})
			for _, at := range []int{7, 8, 20, -1} {
				sealed, err := out.Seal(nil, o.datagram([]byte("to be changed")))
				if err != nil {
					t.Fatal(err)
				}
				sealed[(at+len(sealed))%len(sealed)] ^= 0x80
				before := o.refused()
				o.send(sealed)
				o.Await("the kernel to refuse it", func() bool { return o.refused() == before+1 })
			}
			o.roundTrip(t, out, in, []byte("unchanged"))
		})
	}
}
