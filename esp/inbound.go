package esp

// Inbound opens the packets of one SA. It belongs to one goroutine at a time.
type Inbound struct{ p Params }

// NewInbound makes the receiving end of an SA. The cipher state is built when the first packet is opened.
func NewInbound(p Params) (*Inbound, error) { return nil, ErrCipher }

// Open authenticates and decrypts pkt, an ESP packet from SPI to ICV, in place. It returns the packet inside (in tunnel
// mode an IP packet without TFC padding; in transport mode what follows the IP header) and its protocol. The result
// aliases pkt, whose octets are undefined after an error.
func (i *Inbound) Open(pkt []byte) (inner []byte, nextHeader uint8, err error) {
	return nil, 0, ErrCipher
}

// Sequence returns the highest sequence number accepted.
func (i *Inbound) Sequence() uint64 { return 0 }

// Layout returns what the SA adds to a packet.
func (i *Inbound) Layout() (Layout, error) { return Layout{}, ErrCipher }

// SPI returns our SPI of the SA.
func (i *Inbound) SPI() uint32 { return i.p.SPI }

// Clear overwrites the keys; the SA opens nothing after it.
func (i *Inbound) Clear() {}
