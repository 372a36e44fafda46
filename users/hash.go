package users

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/scrypt"

	"culvert/secret"
)

// A Hash is a salted, slow hash of a password, in the text form of the Password Hashing Competition:
//
//	$argon2id$v=19$m=65536,t=3,p=1$SALT$HASH     m in KiB
//	$scrypt$ln=16,r=8,p=1$SALT$HASH
//
// SALT and HASH are base64 without padding.
type Hash struct {
	scheme    string
	memory    uint32 // KiB of argon2id; the binary logarithm of N of scrypt
	passes    uint32 // of argon2id; r of scrypt
	lanes     uint8
	salt, sum secret.Bytes
}

const (
	schemeArgon2id = "argon2id"
	schemeScrypt   = "scrypt"

	maxMemory           = 1 << 18 // KiB: what a user file may make one attempt to log in cost
	maxPasses           = 32
	maxLanes            = 16
	minSalt, maxSalt    = 8, 64
	minSum, maxSum      = 16, 64
	newMemory, newTimes = 64 * 1024, 3 // the second recommended option of RFC 9106, Section 4
	newSalt, newSum     = 16, 32
)

var errHash = errors.New(`no hash of a password: "culvert user hash" makes one`)

// NewHash hashes a password with argon2id (RFC 9106) and a fresh salt.
func NewHash(password secret.Bytes) *Hash {
	h := &Hash{scheme: schemeArgon2id, memory: newMemory, passes: newTimes, lanes: 1, salt: make(secret.Bytes, newSalt), sum: make(secret.Bytes, newSum)}
	rand.Read(h.salt) // never fails
	h.sum = h.compute(password)
	return h
}

// ParseHash reads the text form. Its errors do not quote it.
func ParseHash(text string) (*Hash, error) {
	fields := strings.Split(text, "$")
	h := new(Hash)
	var err error
	switch {
	case len(fields) == 6 && fields[0] == "" && fields[1] == schemeArgon2id && fields[2] == "v=19":
		h.scheme = schemeArgon2id
		err = scan(fields[3], "m=%d,t=%d,p=%d", &h.memory, &h.passes, &h.lanes)
	case len(fields) == 5 && fields[0] == "" && fields[1] == schemeScrypt:
		h.scheme = schemeScrypt
		err = scan(fields[2], "ln=%d,r=%d,p=%d", &h.memory, &h.passes, &h.lanes)
	default:
		return nil, errHash
	}
	if err != nil || strings.ContainsAny(text, "\r\n") { // which decoders of base64 pass over
		return nil, errHash
	}
	for i, field := range []*secret.Bytes{&h.sum, &h.salt} {
		if *field, err = base64.RawStdEncoding.Strict().DecodeString(fields[len(fields)-1-i]); err != nil {
			return nil, errHash
		}
	}
	return h, h.check()
}

// scan reads numbers and nothing else: what is read must look the same when it is written.
func scan(text, format string, memory, passes *uint32, lanes *uint8) error {
	if _, err := fmt.Sscanf(text, format, memory, passes, lanes); err != nil {
		return err
	}
	if fmt.Sprintf(format, *memory, *passes, *lanes) != text {
		return errHash
	}
	return nil
}

// check bounds what it costs to compute the hash.
func (h *Hash) check() error {
	memory := uint64(h.memory)
	if h.scheme == schemeScrypt {
		if h.memory < 1 || h.memory > 24 {
			return errHash
		}
		memory = 128 * uint64(h.passes) << h.memory / 1024
	}
	switch {
	case memory > maxMemory || h.passes < 1 || h.passes > maxPasses || h.lanes < 1 || h.lanes > maxLanes:
		return fmt.Errorf("a hash that takes %d KiB and %d passes: at most %d KiB, %d passes and %d lanes are allowed", memory, h.passes, maxMemory, maxPasses, maxLanes)
	case h.scheme == schemeArgon2id && h.memory < 8*uint32(h.lanes):
		return errHash
	case len(h.salt) < minSalt || len(h.salt) > maxSalt || len(h.sum) < minSum || len(h.sum) > maxSum:
		return errHash
	}
	return nil
}

// String returns the text form, which is what a user file has: it is no password, but who has it can try passwords.
func (h *Hash) String() string {
	params := fmt.Sprintf("$%s$v=19$m=%d,t=%d,p=%d", h.scheme, h.memory, h.passes, h.lanes)
	if h.scheme == schemeScrypt {
		params = fmt.Sprintf("$%s$ln=%d,r=%d,p=%d", h.scheme, h.memory, h.passes, h.lanes)
	}
	b64 := base64.RawStdEncoding.EncodeToString
	return params + "$" + b64(h.salt) + "$" + b64(h.sum)
}

// Verify tells whether a password has this hash.
func (h *Hash) Verify(password secret.Bytes) bool {
	sum := h.compute(password)
	defer sum.Clear()
	return subtle.ConstantTimeCompare(sum, h.sum) == 1
}

func (h *Hash) compute(password secret.Bytes) secret.Bytes {
	if h.scheme == schemeArgon2id {
		return argon2.IDKey(password, h.salt, h.passes, h.memory, h.lanes, uint32(len(h.sum)))
	}
	sum, err := scrypt.Key(password, h.salt, 1<<h.memory, int(h.passes), int(h.lanes), len(h.sum))
	if err != nil {
		return nil // check has refused such parameters
	}
	return sum
}
