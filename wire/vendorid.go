package wire

// VendorID is a Vendor ID payload (RFC 7296, Section 3.12). Any data will do, also none.
type VendorID struct {
	Data []byte
}

// Type returns PayloadVendorID.
func (*VendorID) Type() PayloadType { return PayloadVendorID }

func (v *VendorID) appendBody(b []byte) []byte { return append(b, v.Data...) }
