package xfrm

import (
	"fmt"

	"culvert/dataplane/xfrm/nl"
	"culvert/suite"
	"culvert/wire"
)

// An UnsupportedError says that the kernel, or its interface, lacks something that user space has.
type UnsupportedError struct{ What string }

// Error says what is wrong.
func (e *UnsupportedError) Error() string { return "the kernel's data plane has no " + e.What }

// A cipher is an algorithm of the kernel: its name, and for those that authenticate the length of the ICV in bits.
type cipher struct {
	name string
	icv  int
}

// cipherOf is an encryption transform by the kernel's name. Keys are those of IKE: salts stand behind them (RFC 4106,
// Section 8.1).
func cipherOf(t wire.Transform) (cipher, bool) {
	switch t.ID {
	case wire.EncrNull:
		return cipher{"ecb(cipher_null)", 0}, true
	case wire.EncrAESCBC:
		return cipher{"cbc(aes)", 0}, true
	case wire.EncrAESCTR:
		return cipher{"rfc3686(ctr(aes))", 0}, true
	case wire.EncrAESCCM8:
		return cipher{"rfc4309(ccm(aes))", 64}, true
	case wire.EncrAESCCM12:
		return cipher{"rfc4309(ccm(aes))", 96}, true
	case wire.EncrAESCCM16:
		return cipher{"rfc4309(ccm(aes))", 128}, true
	case wire.EncrAESGCM8:
		return cipher{"rfc4106(gcm(aes))", 64}, true
	case wire.EncrAESGCM12:
		return cipher{"rfc4106(gcm(aes))", 96}, true
	case wire.EncrAESGCM16:
		return cipher{"rfc4106(gcm(aes))", 128}, true
	case wire.EncrNullAESGMAC:
		return cipher{"rfc4543(gcm(aes))", 128}, true
	case wire.EncrChaCha20Poly1305:
		return cipher{"rfc7539esp(chacha20,poly1305)", 128}, true
	}
	return cipher{}, false
}

// integrityOf is an integrity transform by the kernel's name, empty if it has none.
func integrityOf(t wire.Transform) string {
	switch t.ID {
	case wire.IntegHMACSHA1_96:
		return "hmac(sha1)"
	case wire.IntegHMACSHA256_128:
		return "hmac(sha256)"
	case wire.IntegHMACSHA384_192:
		return "hmac(sha384)"
	case wire.IntegHMACSHA512_256:
		return "hmac(sha512)"
	case wire.IntegAESXCBC96:
		return "xcbc(aes)"
	case wire.IntegAESCMAC96:
		return "cmac(aes)"
	}
	return ""
}

// setAlgorithms puts transforms and keys into a state.
func setAlgorithms(s *nl.State, e suite.ESP, encr, integ []byte) error {
	if e, i := e.KeyLengths(); len(encr) != e || len(integ) != i {
		return fmt.Errorf("keys of %d and %d octets where %d and %d are needed", len(encr), len(integ), e, i)
	}
	c, ok := cipherOf(e.ENCR)
	if !ok {
		return &UnsupportedError{suite.TransformName(e.ENCR)}
	}
	if c.icv > 0 {
		s.AEAD = nl.Algorithm{Name: c.name, Key: encr, ICV: c.icv}
		return nil
	}
	name := integrityOf(e.INTEG)
	if name == "" {
		return &UnsupportedError{suite.TransformName(e.INTEG)}
	}
	_, icv, _ := e.Lengths()
	s.Crypt = nl.Algorithm{Name: c.name, Key: encr}
	s.Auth = nl.Algorithm{Name: name, Key: integ, ICV: 8 * icv}
	return nil
}
