package recorded

import (
	"encoding/binary"
	"os"
	"testing"
)

// messages returns the IKE messages of a pcap file of Ethernet frames with IPv4 and UDP, in order, without non-ESP marker.
func messages(t *testing.T, path string) [][]byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) < 24 || binary.LittleEndian.Uint32(b) != 0xa1b2c3d4 {
		t.Fatalf("%s is no pcap file", path)
	}
	var list [][]byte
	for b = b[24:]; len(b) >= 16; {
		n := int(binary.LittleEndian.Uint32(b[8:]))
		if m := ikeMessage(b[16 : 16+n]); m != nil {
			list = append(list, m)
		}
		b = b[16+n:]
	}
	return list
}

// ikeMessage returns what a frame carries, or nil if that is no IKE message.
func ikeMessage(frame []byte) []byte {
	const ethernet, udp = 14, 8
	ip := frame[ethernet:]
	header := int(ip[0]&15) * 4
	if ip[0]>>4 != 4 || ip[9] != 17 {
		return nil
	}
	ip = ip[:binary.BigEndian.Uint16(ip[2:])]
	source, destination := binary.BigEndian.Uint16(ip[header:]), binary.BigEndian.Uint16(ip[header+2:])
	payload := ip[header+udp:]
	if source == 500 || destination == 500 {
		return payload
	}
	if len(payload) < 32 || binary.BigEndian.Uint32(payload) != 0 { // keepalives, ESP
		return nil
	}
	return payload[4:]
}
