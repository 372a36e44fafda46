package mschapv2

import (
	"crypto/des"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf16"

	"golang.org/x/crypto/md4"

	"culvert/secret"
)

// Lengths of RFC 2759, Section 4 and Section 8.
const (
	ChallengeLen  = 16
	NTResponseLen = 24
	HashLen       = 16
	mskLen        = 64
)

// NTHash is the hash of a password in UTF-8 (RFC 2759, Section 8.3: NtPasswordHash). The result is the caller's. It is worth as
// much as the password.
func NTHash(password secret.Bytes) secret.Bytes {
	units := utf16.Encode([]rune(string(password)))
	text := make(secret.Bytes, 0, 2*len(units))
	for _, u := range units {
		text = append(text, byte(u), byte(u>>8))
	}
	defer text.Clear()
	return hash(text)
}

func hash(b []byte) secret.Bytes {
	h := md4.New()
	h.Write(b)
	return h.Sum(nil)
}

// UserName returns the part of a name that is hashed: without the domain in front, as Windows sends it in HOST\user. A domain
// behind, as in user@example.org, belongs to the name (RFC 2759, Section 4 and Section 8.2).
func UserName(name string) string { return name[strings.LastIndexByte(name, '\\')+1:] }

// challengeHash mixes both challenges and the name (RFC 2759, Section 8.2: ChallengeHash).
func challengeHash(peer, authenticator []byte, name string) []byte {
	h := sha1.New()
	h.Write(peer)
	h.Write(authenticator)
	h.Write([]byte(UserName(name)))
	return h.Sum(nil)[:8]
}

// NTResponse proves the password whose NT hash is given (RFC 2759, Section 8.1: GenerateNTResponse). The name may have a domain.
func NTResponse(authenticator, peer []byte, name string, ntHash secret.Bytes) []byte {
	challenge := challengeHash(peer, authenticator, name)
	var keys [21]byte // the hash and five zeroes are three DES keys of seven octets (RFC 2759, Section 8.5)
	copy(keys[:], ntHash)
	defer clear(keys[:])
	response := make([]byte, NTResponseLen)
	for i := range 3 {
		encrypt(response[8*i:], challenge, keys[7*i:7*i+7])
	}
	return response
}

// encrypt is DES with a key of seven octets, spread to eight by a parity bit at the end of each, which DES ignores (RFC 2759,
// Section 8.6).
func encrypt(dst, src, key []byte) {
	var bits uint64
	for _, b := range key {
		bits = bits<<8 | uint64(b)
	}
	var spread [8]byte
	for i := range spread {
		spread[i] = byte(bits>>(49-7*i)) << 1
	}
	block, _ := des.NewCipher(spread[:]) // refuses other lengths, and nothing else
	block.Encrypt(dst, src)
	clear(spread[:])
}

// AuthenticatorResponse is the server's proof, as "S=" and 40 hexadecimal digits (RFC 2759, Section 8.7).
func AuthenticatorResponse(ntHash secret.Bytes, ntResponse, peer, authenticator []byte, name string) string {
	hashHash := hash(ntHash)
	defer hashHash.Clear()
	h := sha1.New()
	h.Write(hashHash)
	h.Write(ntResponse)
	h.Write([]byte("Magic server to client signing constant"))
	digest := h.Sum(nil)
	h.Reset()
	h.Write(digest)
	h.Write(challengeHash(peer, authenticator, name))
	h.Write([]byte("Pad to make it do more than one iteration"))
	return "S=" + strings.ToUpper(hex.EncodeToString(h.Sum(nil)))
}

// MSK derives the key of the method (RFC 3079, Section 3.4): client to server, server to client, and zeroes up to 64 octets, as
// clients and servers in use have it. The result is the caller's.
func MSK(ntHash secret.Bytes, ntResponse []byte) secret.Bytes {
	hashHash := hash(ntHash)
	defer hashHash.Clear()
	master := digest16(hashHash, ntResponse, []byte("This is the MPPE Master Key"))
	defer master.Clear()
	var pad1, pad2 [40]byte
	for i := range pad2 {
		pad2[i] = 0xf2
	}
	msk := make(secret.Bytes, 0, mskLen)
	for _, side := range [2][2]string{{"send", "receive"}, {"receive", "send"}} {
		magic := fmt.Sprintf("On the client side, this is the %s key; on the server side, it is the %s key.", side[0], side[1])
		key := digest16(master, pad1[:], []byte(magic), pad2[:])
		msk = append(msk, key...)
		key.Clear()
	}
	return msk[:mskLen]
}

func digest16(parts ...[]byte) secret.Bytes {
	h := sha1.New()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)[:16]
}
