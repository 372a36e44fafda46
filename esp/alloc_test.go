package esp

import "testing"

func TestSealAndOpenDoNotAllocate(t *testing.T) {
	for name, e := range transforms() {
		t.Run(name, func(t *testing.T) {
			p := params(e)
			p.ReplayWindow = 1024
			out, in := pair(t, p)
			inner := udp(t, hostA, hostB, 1400)
			buf := make([]byte, 0, 2048)
			if n := testing.AllocsPerRun(50, func() {
				pkt, err := out.Seal(buf, inner)
				if err != nil {
					t.Fatal(err)
				}
				if _, _, err := in.Open(pkt); err != nil {
					t.Fatal(err)
				}
				if _, _, err := in.Open(pkt); err != ErrReplay {
					t.Fatal(err)
				}
			}); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

func TestHeadersDoNotAllocate(t *testing.T) {
	inner := udp(t, hostA, hostB, 1400)
	outer := Outer{Source: addr(gateA), Destination: addr(gateB), Protocol: protoESP, CopyDSCP: true}
	back := TransportHeader{Source: addr(gateA), Destination: addr(gateB), OriginalSource: addr(hostA)}
	buf := make([]byte, 0, 2048)
	if n := testing.AllocsPerRun(50, func() {
		_, errOuter := outer.Append(buf, inner, 1400, 1)
		_, errBack := back.Append(buf, inner[headerLen4:], protoUDP)
		_, errECN := Decapsulate(inner, ecnECT0)
		_, ok := AppendTooBig(buf, inner, 1300, addr(gateA))
		if errOuter != nil || errBack != nil || errECN != nil || !ok {
			t.Fatal(errOuter, errBack, errECN, ok)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestIdleSAsAreSmall(t *testing.T) {
	p := params(gcm())
	p.ReplayWindow = MaxWindow
	n := testing.AllocsPerRun(100, func() {
		out, errOut := NewOutbound(p, zeroes{})
		in, errIn := NewInbound(p)
		if errOut != nil || errIn != nil || out.cipher != nil || in.cipher != nil || in.window.ring != nil {
			t.Fatal("an idle SA has cipher states")
		}
	})
	if n > 4 {
		t.Errorf("%v allocations for an idle pair of SAs", n)
	}
}
