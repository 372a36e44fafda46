package wire

// Ports and framing of IKE (RFC 3948; RFC 9329).
const (
	PortIKE  = 500
	PortNATT = 4500

	// NonESPMarker precedes an IKE message on port 4500 and in a TCP stream: four zero octets where ESP has its SPI.
	NonESPMarker = "\x00\x00\x00\x00"
	// NATKeepalive is the whole payload of a NAT-keepalive datagram.
	NATKeepalive = "\xff"
	// TCPPrefix opens a TCP stream that carries IKE and ESP.
	TCPPrefix = "IKETCP"
)

// IPProtocol is an IP protocol number, the next header of a packet.
type IPProtocol uint8

// IP protocols that IPsec deals with.
const (
	IPProtocolICMP         IPProtocol = 1
	IPProtocolIPv4         IPProtocol = 4
	IPProtocolTCP          IPProtocol = 6
	IPProtocolUDP          IPProtocol = 17
	IPProtocolIPv6         IPProtocol = 41
	IPProtocolESP          IPProtocol = 50
	IPProtocolAH           IPProtocol = 51
	IPProtocolICMPv6       IPProtocol = 58
	IPProtocolNoNextHeader IPProtocol = 59
	IPProtocolIPComp       IPProtocol = 108
	IPProtocolSCTP         IPProtocol = 132
	IPProtocolMobility     IPProtocol = 135
	IPProtocolUDPLite      IPProtocol = 136
	IPProtocolAGGFRAG      IPProtocol = 144 // RFC 9347
)

var ipProtocolNames = []named[IPProtocol]{
	{IPProtocolICMP, "ICMP"},
	{IPProtocolIPv4, "IPv4-in-IP"},
	{IPProtocolTCP, "TCP"},
	{IPProtocolUDP, "UDP"},
	{IPProtocolIPv6, "IPv6"},
	{IPProtocolESP, "ESP"},
	{IPProtocolAH, "AH"},
	{IPProtocolICMPv6, "ICMPv6"},
	{IPProtocolNoNextHeader, "no next header"},
	{IPProtocolIPComp, "IPComp"},
	{IPProtocolSCTP, "SCTP"},
	{IPProtocolMobility, "Mobility Header"},
	{IPProtocolUDPLite, "UDP-Lite"},
	{IPProtocolAGGFRAG, "AGGFRAG"},
}

// String returns the protocol's name, ESP for example, or IPPROTO(n).
func (p IPProtocol) String() string { return nameOf(ipProtocolNames, "IPPROTO", p) }
