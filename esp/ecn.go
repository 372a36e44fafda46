package esp

// Decapsulate carries the congestion mark of the outer header over to the packet inside, changing it in place
// (RFC 6040, Section 4.2). outerTOS is the outer TOS or traffic class octet. It returns ErrCongestion when the packet is to be
// dropped; strange reports a combination that no honest encapsulator makes.
func Decapsulate(inner []byte, outerTOS uint8) (strange bool, err error) { return false, nil }

// CopyDSCP overwrites the DSCP of the packet inside with the outer one, which RFC 4301, Section 5.1.2 allows when configured.
func CopyDSCP(inner []byte, outerTOS uint8) error { return nil }
