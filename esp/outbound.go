package esp

import "io"

// Outbound seals the packets of one SA. Reserve and Sequence may be called from any goroutine; everything else belongs to
// one goroutine at a time. Fork makes further sealers of the same SA for other goroutines.
type Outbound struct{ p Params }

// NewOutbound makes the sending end of an SA. The cipher state is built when the first packet is sealed; rand gives the
// IVs of CBC modes.
func NewOutbound(p Params, rand io.Reader) (*Outbound, error) { return nil, ErrCipher }

// Seal appends the ESP packet (from SPI to ICV) that carries inner to dst, under the next sequence number. In tunnel mode
// inner is an IP packet, in transport mode as well: its IP header is left out. When inner already lies where its
// plaintext goes, at len(dst)+HeaderLen, nothing is copied; it may not overlap dst otherwise.
func (o *Outbound) Seal(dst, inner []byte) ([]byte, error) { return dst, ErrCipher }

// Reserve takes the next n sequence numbers and returns the first of them.
func (o *Outbound) Reserve(n int) (uint64, error) { return 0, ErrSequenceExhausted }

// SealReserved is Seal under a sequence number of Reserve. Each number must be used once.
func (o *Outbound) SealReserved(dst, inner []byte, seq uint64) ([]byte, error) { return dst, ErrCipher }

// SealDummy appends a dummy packet with n octets of payload, which the peer drops (RFC 4303, Section 2.6).
func (o *Outbound) SealDummy(dst []byte, n int) ([]byte, error) { return dst, ErrCipher }

// Fork returns another sealer of the SA that draws from the same sequence numbers.
func (o *Outbound) Fork(rand io.Reader) *Outbound { return nil }

// SetPadTo changes Params.PadTo.
func (o *Outbound) SetPadTo(n int) {}

// Sequence returns the last sequence number taken.
func (o *Outbound) Sequence() uint64 { return 0 }

// Layout returns what the SA adds to a packet.
func (o *Outbound) Layout() (Layout, error) { return Layout{}, ErrCipher }

// SPI returns the peer's SPI of the SA.
func (o *Outbound) SPI() uint32 { return o.p.SPI }

// Clear overwrites the keys; the SA seals nothing after it.
func (o *Outbound) Clear() {}
