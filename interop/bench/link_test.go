package bench_test

// A linkMode is how the veth pair between two hosts treats large packets.
type linkMode string

// The modes: what passes whole, and where it is cut.
const (
	modeWhole    linkMode = "A" // segments of one UDP send pass as one packet
	modeNone     linkMode = "B" // neither segmentation of UDP in the device nor joining: a peer and a card without offload
	modeSoftware linkMode = "C" // cut in software and joined again by the receiver
)

// settings are those of ethtool.
func (m linkMode) settings() []string {
	switch m {
	case modeNone:
		return []string{"tso", "off", "gso", "on", "tx-udp-segmentation", "off", "gro", "off", "rx-udp-gro-forwarding", "off"}
	case modeSoftware:
		return []string{"tso", "off", "gso", "on", "tx-udp-segmentation", "off", "gro", "on", "rx-udp-gro-forwarding", "on"}
	}
	return []string{"tso", "on", "gso", "on", "tx-udp-segmentation", "on", "gro", "off", "rx-udp-gro-forwarding", "off"}
}

// offload puts the link between the hosts into a mode.
func (p *pair) offload(m linkMode) {
	p.Helper()
	p.moon.Must(append([]string{"ethtool", "-K", "sun"}, m.settings()...)...)
	p.sun.Must(append([]string{"ethtool", "-K", "moon"}, m.settings()...)...)
}
