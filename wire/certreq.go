package wire

// CertReq is a Certificate Request payload (RFC 7296, Section 3.7):
//
//	| encoding (1) | certification authority ... |
type CertReq struct {
	Encoding CertEncoding
	Data     []byte // for X.509, SHA-1 hashes of 20 octets each of the authorities' public keys
}

// Type returns PayloadCertReq.
func (*CertReq) Type() PayloadType { return PayloadCertReq }

func parseCertReq(b []byte) (*CertReq, error) {
	if len(b) < 1 {
		return nil, errShort
	}
	return &CertReq{Encoding: CertEncoding(b[0]), Data: b[1:]}, nil
}

func (c *CertReq) appendBody(b []byte) []byte { return append(append(b, byte(c.Encoding)), c.Data...) }
