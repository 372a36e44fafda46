package ike

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"net/netip"
	"time"

	"culvert/wire"
)

// Cookies are 1 to 64 octets (RFC 7296, Section 2.6).
const maxCookieSize = 64

// cookieLifetime is how long a secret makes cookies; it is accepted as long again.
const cookieLifetime = 2 * time.Minute

// A cookieJar makes and recognises cookies without keeping any:
//
//	cookie = version of the secret (1) | HMAC-SHA-256(secret, Ni | IPi | SPIi)
//
// The KE payload is left out, so that a cookie is good for a retry with another group (RFC 7296, Section 2.6.1).
type cookieJar struct {
	secrets [2][32]byte // the current one, and the one before
	version uint8
	since   time.Time
}

// rotate makes a new secret when the current one is old.
func (j *cookieJar) rotate(now time.Time, rand io.Reader) error {
	age := now.Sub(j.since)
	if !j.since.IsZero() && age < cookieLifetime {
		return nil
	}
	var fresh [32]byte
	if _, err := io.ReadFull(rand, fresh[:]); err != nil {
		return err
	}
	if j.secrets[1] = j.secrets[0]; j.since.IsZero() || age >= 2*cookieLifetime {
		j.secrets[1] = fresh
	}
	j.secrets[0], j.since = fresh, now
	j.version++
	return nil
}

// make returns the cookie for an initiator.
func (j *cookieJar) make(from netip.Addr, spi wire.SPI, nonce []byte) []byte {
	return bake(j.version, &j.secrets[0], from, spi, nonce)
}

// valid recognises a cookie made with the current secret or the one before.
func (j *cookieJar) valid(cookie []byte, from netip.Addr, spi wire.SPI, nonce []byte) bool {
	if len(cookie) == 0 || j.version-cookie[0] > 1 {
		return false
	}
	return hmac.Equal(cookie, bake(cookie[0], &j.secrets[j.version-cookie[0]], from, spi, nonce))
}

// bake makes a cookie. Addresses of both families have 16 octets in it: behind a nonce of any length, those of an IPv6
// address could be taken for a longer nonce and the IPv4 address of somebody else.
func bake(version uint8, key *[32]byte, from netip.Addr, spi wire.SPI, nonce []byte) []byte {
	address := from.As16()
	mac := hmac.New(sha256.New, key[:])
	mac.Write(nonce)
	mac.Write(address[:])
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(spi)))
	return mac.Sum([]byte{version})
}
