package nl

import (
	"net/netip"

	"culvert/secret"
)

func counted(n int) secret.Bytes {
	b := make(secret.Bytes, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func pointer[T any](v T) *T { return &v }

// fullState has everything that a state can have.
func fullState() *State {
	return &State{
		StateID: StateID{addr("2001:db8::2"), 0x01020304, Mark{0x11, 0xff}}, Source: addr("2001:db8::1"),
		Selector: Selector{Source: netip.MustParsePrefix("10.1.0.0/16"), Destination: netip.MustParsePrefix("10.2.0.0/24"),
			SourcePort: Port{1000, 0xfff8}, DestinationPort: Port{443, 0xffff}, Protocol: 6},
		Limits:   Limits{1, 2, 3, 4, 5, 6},
		Usage:    Usage{7, 8, 9, 10},
		Failures: Failures{11, 12, 13},
		ReqID:    0xc0000001, Mode: ModeIPTFS, Flags: ESN | AnyFamily, Extra: DontEncapDSCP, Acquire: 14,
		Crypt: Algorithm{"cbc(aes)", counted(16), 0}, Auth: Algorithm{"hmac(sha256)", counted(32), 128},
		AEAD:    Algorithm{"rfc4106(gcm(aes))", counted(20), 128},
		Encap:   Encap{EncapUDP, 4500, 31000, addr("2001:db8::9")},
		SetMark: Mark{0x22, 0xf0}, IfID: 0x33, Offload: Offload{2, OffloadInbound | OffloadPacket},
		Replay: &Replay{Out: 1<<32 | 2, In: 3<<32 | 4, Window: 64, Words: []uint32{5, 6}},
		TFC:    1400, CPU: pointer(uint32(3)), Direction: DirectionOut,
		IPTFS: &IPTFS{DontFragment: true, InitDelay: 1, MaxQueue: 2, PacketSize: 3},
		Label: "system_u:object_r:ipsec_spd_t:s0", LastUsed: 99, Events: &Events{1, 2}, MappingEvery: 60,
	}
}

func fullPolicy() *Policy {
	return &Policy{
		PolicyID: PolicyID{PolicyForward, fullState().Selector, Mark{0x11, 0xff}, 0x33, "system_u:object_r:ipsec_spd_t:s0"},
		Limits:   Limits{1, 2, 3, 4, 5, 6}, Usage: Usage{7, 8, 9, 10}, Priority: 1234, Index: 42, Action: Block, Flags: PolicyCPUAcquire,
		Templates: []Template{
			{addr("192.0.2.1"), addr("192.0.2.2"), 7, ModeTunnel, false, 0xc0ffee},
			{addr("2001:db8::1"), addr("2001:db8::2"), 8, ModeTransport, true, 0},
		},
		Offload: Offload{2, OffloadPacket},
	}
}

// acquireBytes is an acquire as the kernel lays it out.
func acquireBytes() []byte {
	p := fullPolicy()
	var w writer
	w.addr(addr("192.0.2.2"))
	w.be32(0)
	w.u8(ProtocolESP, 0, 0, 0)
	w.addr(addr("192.0.2.1"))
	p.Selector.append(&w)
	p.append(&w)
	for _, v := range []uint32{1, 2, 3, 77} {
		w.u32(v)
	}
	w.attr(templates, func(w *writer) { p.Templates[0].append(w) })
	w.attr32(interfaceID, p.IfID)
	w.attr32(saCPU, 3)
	return w
}

// expiryBytes is an expiry as the kernel lays it out.
func expiryBytes(hard bool) []byte {
	whole := fullState().Append(nil)
	w := writer(append([]byte(nil), whole[:stateFixed]...))
	w.u8(map[bool]uint8{true: 1}[hard])
	w.zero(7)
	return append(w, whole[stateFixed:]...)
}

// mappingBytes is a mapping as the kernel lays it out.
func mappingBytes() []byte {
	var w writer
	id := fullState().StateID
	id.append(&w)
	w.u32(7)
	w.addr(addr("2001:db8::1"))
	w.addr(addr("2001:db8::5"))
	w.be16(4500)
	w.be16(31000)
	return w
}

func fullAE() *AE {
	return &AE{StateID: fullState().StateID, Flags: AEReplay | AEMoved, ReqID: 7, Replay: fullState().Replay, Usage: Usage{1, 2, 3, 4}, Events: &Events{1, 0}}
}
