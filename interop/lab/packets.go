package lab

import (
	"errors"
	"io"
	"os"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// Packets returns the IPv4 packets of a capture file that a filter wants.
func (l *Lab) Packets(file string, wanted func(*layers.IPv4) bool) [][]byte {
	l.Helper()
	f, err := os.Open(file)
	if err != nil {
		l.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	if err != nil {
		l.Fatal(err)
	}
	var list [][]byte
	for {
		frame, _, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			l.Fatal(err)
		}
		ip, ok := gopacket.NewPacket(frame, r.LinkType(), gopacket.Default).Layer(layers.LayerTypeIPv4).(*layers.IPv4)
		if ok && wanted(ip) {
			list = append(list, append(append([]byte(nil), ip.Contents...), ip.Payload...))
		}
	}
}
