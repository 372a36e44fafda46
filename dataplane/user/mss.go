package user

import (
	"encoding/binary"
	"math/bits"

	"culvert/checksum"
	"culvert/spd"
)

const (
	protocolTCP = 6
	tcpHeader   = 20
	flagSYN     = 0x02

	optionEnd     = 0 // options of TCP (RFC 9293, Section 3.2)
	optionNone    = 1
	optionMSS     = 2
	optionMSSSize = 4
)

// Headers that a maximum segment size leaves room for, whatever options a packet has (RFC 6691, Section 2).
const (
	mssHeaders4 = 20 + tcpHeader
	mssHeaders6 = 40 + tcpHeader
	leastMSS    = 64
)

// isSYN reports whether a packet opens a TCP connection from either side.
func isSYN(pkt []byte, f *spd.Flow, i *spd.PacketInfo) bool {
	return f.Protocol == protocolTCP && i.FragmentOffset == 0 && i.Length >= i.HeaderLength+tcpHeader && pkt[i.HeaderLength+13]&flagSYN != 0
}

// clampMSS lowers the maximum segment size that a SYN announces to what fits into packets of mtu octets, so that the other
// end never sends larger ones. It never raises it. The checksum is brought up to date (RFC 1624), unless it is partial: the
// sender has left it to us.
func clampMSS(pkt []byte, i *spd.PacketInfo, mtu int, partial bool) (changed bool) {
	most := mtu - mssHeaders4
	if i.Version == 6 {
		most = mtu - mssHeaders6
	}
	t := pkt[i.HeaderLength:i.Length]
	at := mssOption(t)
	if at == 0 || int(binary.BigEndian.Uint16(t[at:])) <= max(most, leastMSS) {
		return false
	}
	was, is := binary.BigEndian.Uint16(t[at:]), uint16(max(most, leastMSS))
	binary.BigEndian.PutUint16(t[at:], is)
	if !partial {
		if at%2 == 1 { // the octets lie in two words
			was, is = bits.ReverseBytes16(was), bits.ReverseBytes16(is)
		}
		binary.BigEndian.PutUint16(t[16:], checksum.Replace(binary.BigEndian.Uint16(t[16:]), was, is))
	}
	return true
}

// clamp lowers the segment size that a peer's SYN announces to what fits the SA through which the answers leave.
func (r *receiver) clamp(pkt []byte, flow spd.Flow, i *spd.PacketInfo) {
	e := r.b.policies.Load().Outbound(flow.Reverse())
	if e == nil {
		return
	}
	out := e.Value.exit(r.worker.index)
	if out == nil {
		return
	}
	if mtu := out.effectiveMTU(); mtu > 0 && clampMSS(pkt, i, mtu, false) {
		r.worker.changed[changeMSS].Add(1)
	}
}

// mssOption returns where the value of the option stands in a TCP header of 20 octets at least, 0 if there is none.
func mssOption(t []byte) int {
	end := int(t[12]>>4) * 4
	if end > len(t) {
		return 0
	}
	for at := tcpHeader; at < end; {
		kind := t[at]
		switch {
		case kind == optionEnd:
			return 0
		case kind == optionNone:
			at++
			continue
		case at+1 >= end || t[at+1] < 2 || at+int(t[at+1]) > end:
			return 0
		case kind == optionMSS && t[at+1] == optionMSSSize:
			return at + 2
		}
		at += int(t[at+1])
	}
	return 0
}
