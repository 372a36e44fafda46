package carrier

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"hash"
	"strings"

	"culvert/secret"
)

// Peers are in use that speak TLS 1.2 without extended master secret (RFC 7627), strongSwan's TLS of 5.9 among them, and for these
// crypto/tls exports no keys. What is missing protects from a server that the client trusts, and whose certificate has the right
// name, but that gives two sessions the same keys and passes itself off as that client elsewhere. EAP over TLS was made without
// such protection (RFC 5216, Section 2.3), and we do without it, too, unless Config.ExtendedMasterSecret says otherwise. The keys
// are derived here, from what crypto/tls tells its key log and from the server's hello.

// randomLen is the length of the random of a hello (RFC 5246, Section 7.4.1.2).
const randomLen = 32

// A hello of a server as the first record of a connection (RFC 5246, Sections 6.2.1 and 7.4):
//
//	| 22 | version (2) | length (2) | 2 | length (3) | version (2) | random (32) | ...
const (
	recordHeader = 5
	randomAt     = recordHeader + 4 + 2
)

// A session keeps the secrets of a session of TLS 1.2. It is the key log of its connection.
type session struct {
	hello        []byte // the beginning of what the server has sent, up to its random
	clientRandom []byte
	master       secret.Bytes
}

// hear takes what the server sends. A nil session has no use for it.
func (s *session) hear(b []byte) {
	if s == nil {
		return
	}
	s.hello = append(s.hello, b[:min(len(b), randomAt+randomLen-len(s.hello))]...)
}

// Write takes a line of the key log: CLIENT_RANDOM, the random and the master secret in hexadecimal digits.
func (s *session) Write(line []byte) (int, error) {
	words := strings.Fields(string(line))
	if len(words) == 3 && words[0] == "CLIENT_RANDOM" {
		random, err1 := hex.DecodeString(words[1])
		master, err2 := hex.DecodeString(words[2])
		if err := errors.Join(err1, err2); err != nil {
			return 0, err
		}
		s.clientRandom, s.master = random, master
	}
	return len(line), nil
}

// export derives key material (RFC 5705, Section 4, without context).
func (s *session) export(suite uint16, label string, size int) (secret.Bytes, bool) {
	if s == nil || s.master == nil || len(s.hello) < randomAt+randomLen || !bytes.Equal(s.hello[:1], []byte{22}) || s.hello[recordHeader] != 2 {
		return nil, false
	}
	seed := append(append([]byte(label), s.clientRandom...), s.hello[randomAt:]...)
	return pHash(hashOf(suite), s.master, seed, size), true
}

// hashOf is the hash of the PRF of a cipher suite.
func hashOf(suite uint16) func() hash.Hash {
	if strings.HasSuffix(tls.CipherSuiteName(suite), "SHA384") {
		return sha512.New384
	}
	return sha256.New
}

// pHash is P_hash (RFC 5246, Section 5).
func pHash(h func() hash.Hash, key secret.Bytes, seed []byte, size int) secret.Bytes {
	mac := func(parts ...[]byte) []byte {
		m := hmac.New(h, key)
		for _, p := range parts {
			m.Write(p)
		}
		return m.Sum(nil)
	}
	var out []byte
	for a := mac(seed); len(out) < size; a = mac(a) {
		out = append(out, mac(a, seed)...)
	}
	return out[:size:size]
}

// clear overwrites the master secret. A nil session has none.
func (s *session) clear() {
	if s != nil {
		s.master.Clear()
	}
}
