package nl

import (
	"encoding/binary"
	"net/netip"
)

// Address families, as AF_INET and AF_INET6.
const (
	familyIPv4 = 2
	familyIPv6 = 10
)

// family is that of an address; of none it is 0.
func family(a netip.Addr) uint16 {
	switch {
	case a.Is4():
		return familyIPv4
	case a.IsValid():
		return familyIPv6
	}
	return 0
}

// A writer appends fields.
type writer []byte

func (w *writer) u8(v ...uint8) { *w = append(*w, v...) }
func (w *writer) u16(v uint16)  { *w = binary.NativeEndian.AppendUint16(*w, v) }
func (w *writer) u32(v uint32)  { *w = binary.NativeEndian.AppendUint32(*w, v) }
func (w *writer) u64(v uint64)  { *w = binary.NativeEndian.AppendUint64(*w, v) }
func (w *writer) be16(v uint16) { *w = binary.BigEndian.AppendUint16(*w, v) }
func (w *writer) be32(v uint32) { *w = binary.BigEndian.AppendUint32(*w, v) }
func (w *writer) zero(n int)    { *w = append(*w, make([]byte, n)...) }

// addr takes 16 octets, whatever the family. No address is zero.
func (w *writer) addr(a netip.Addr) {
	w.u8(a.AsSlice()...)
	w.zero(addrLen - a.BitLen()/8)
}

const addrLen = 16

// A reader takes fields off the front of b. Beyond the end it returns zeros and notes that.
type reader struct {
	b     []byte
	short bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || len(r.b) < n {
		r.short = true
		r.b = nil
		return make([]byte, max(0, min(n, addrLen)))
	}
	f := r.b[:n]
	r.b = r.b[n:]
	return f
}

func (r *reader) u8() uint8   { return r.take(1)[0] }
func (r *reader) u16() uint16 { return binary.NativeEndian.Uint16(r.take(2)) }
func (r *reader) u32() uint32 { return binary.NativeEndian.Uint32(r.take(4)) }
func (r *reader) u64() uint64 { return binary.NativeEndian.Uint64(r.take(8)) }
func (r *reader) be16() uint16 {
	return binary.BigEndian.Uint16(r.take(2))
}
func (r *reader) be32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }

func (r *reader) skip(n int) {
	if len(r.b) < n {
		r.short = true
		n = len(r.b)
	}
	r.b = r.b[n:]
}

// raw reads the field of an address, of which place makes one once the family is known.
func (r *reader) raw() [addrLen]byte { return [addrLen]byte(r.take(addrLen)) }

// place makes an address of a field. Without a family there is none.
func place(raw [addrLen]byte, family uint16) netip.Addr {
	switch family {
	case familyIPv4:
		return netip.AddrFrom4([4]byte(raw[:4]))
	case familyIPv6:
		return netip.AddrFrom16(raw)
	}
	return netip.Addr{}
}

// err tells whether everything was there.
func (r *reader) err() error {
	if r.short {
		return ErrShort
	}
	return nil
}
