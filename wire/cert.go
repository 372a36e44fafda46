package wire

// Cert is a Certificate payload (RFC 7296, Section 3.6):
//
//	| encoding (1) | data ... |
type Cert struct {
	Encoding CertEncoding
	Data     []byte
}

// Type returns PayloadCert.
func (*Cert) Type() PayloadType { return PayloadCert }

func parseCert(b []byte) (*Cert, error) {
	if len(b) < 1 {
		return nil, errShort
	}
	return &Cert{Encoding: CertEncoding(b[0]), Data: b[1:]}, nil
}

func (c *Cert) appendBody(b []byte) []byte { return append(append(b, byte(c.Encoding)), c.Data...) }
