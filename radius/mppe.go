package radius

import (
	"crypto/md5"
	"crypto/subtle"
	"encoding/binary"

	"culvert/secret"
)

// Microsoft's attributes (RFC 2548).
const (
	vendorMicrosoft = 311

	msMPPESendKey        = 16
	msMPPERecvKey        = 17
	msPrimaryDNSServer   = 28
	msSecondaryDNSServer = 29
)

// microsoft returns the first value of one of Microsoft's attributes. An attribute of a vendor holds several, each with a type and a
// length of its own (RFC 2865, Section 5.26).
func (list Attributes) microsoft(kind byte) ([]byte, error) {
	for _, v := range list.All(VendorSpecific) {
		if len(v) < 4 || binary.BigEndian.Uint32(v) != vendorMicrosoft {
			continue
		}
		inner, err := parseAttributes(v[4:])
		if err != nil {
			return nil, errValue{VendorSpecific}
		}
		if value, ok := inner.First(Type(kind)); ok {
			return value, nil
		}
	}
	return nil, nil
}

// mskSize is the length of an MSK (RFC 3748, Section 7.10).
const mskSize = 64

// msk returns the key of an Access-Accept: what the server receives with comes first (RFC 5216, Section 2.3). Shorter keys, as those
// of MSCHAPv2, stand one behind the other and are filled up with zeroes. There is none when the method derives no key.
func (list Attributes) msk(request [16]byte, key secret.Bytes) (secret.Bytes, error) {
	var whole secret.Bytes
	for _, kind := range []byte{msMPPERecvKey, msMPPESendKey} {
		sealed, err := list.microsoft(kind)
		if err != nil || sealed == nil {
			return nil, err
		}
		half, err := openKey(sealed, request, key)
		if err != nil || len(half) == 0 || len(whole)+len(half) > mskSize {
			return nil, errValue{VendorSpecific}
		}
		whole = append(whole, half...)
		half.Clear()
	}
	msk := make(secret.Bytes, mskSize)
	copy(msk, whole)
	whole.Clear()
	return msk, nil
}

// openKey decrypts an MS-MPPE key (RFC 2548, Section 2.4.2):
//
//	| salt (2) | encrypted: length (1), key, padding to a multiple of 16 |
func openKey(sealed []byte, request [16]byte, key secret.Bytes) (secret.Bytes, error) {
	if len(sealed) < 2+md5.Size || (len(sealed)-2)%md5.Size != 0 {
		return nil, errMalformed
	}
	salt, c := sealed[:2], sealed[2:]
	plain := make(secret.Bytes, len(c))
	defer plain.Clear()
	before := append(request[:], salt...)
	for i := 0; i < len(c); i += md5.Size {
		h := md5.New()
		h.Write(key)
		h.Write(before)
		subtle.XORBytes(plain[i:], c[i:i+md5.Size], h.Sum(nil))
		before = c[i : i+md5.Size]
	}
	if n := int(plain[0]); n < len(plain) {
		return append(secret.Bytes(nil), plain[1:1+n]...), nil
	}
	return nil, errMalformed
}
