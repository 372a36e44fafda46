// Package keystore opens private keys that do not lie in a file: in a PKCS #11 token, a TPM 2.0 or an ssh agent. The keys
// stay where they are; what is opened is a crypto.Signer that asks for signatures.
package keystore

import (
	"crypto"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// Kind is where a key is kept.
type Kind string

// The kinds.
const (
	PKCS11 Kind = "pkcs11"
	TPM    Kind = "tpm"
	Agent  Kind = "ssh_agent"
)

// Kinds lists all kinds.
func Kinds() []Kind { return []Kind{PKCS11, TPM, Agent} }

// patience is how long a token, TPM or agent may take for an answer.
const patience = 15 * time.Second

// A Store opens keys. Its zero value uses what the system has. It is safe for concurrent use once it is set up.
type Store struct {
	Device    string // TPM: character device or Unix socket of a simulator; "": /dev/tpmrm0
	AgentPath string // Unix socket of the ssh agent; "": $SSH_AUTH_SOCK
	Helper    string // program that speaks to PKCS #11 modules; "": culvert-pkcs11 beside this program or in $PATH
	// Modules are those that a PKCS #11 URI may name, and that are searched for one that names none.
	Modules  []Module
	Patience time.Duration // how long a PKCS #11 module may take for an answer; 0: 15 s
}

// Open finds the key of a kind by its name: a PKCS #11 URI (RFC 7512), a persistent handle such as 0x81000001 or the path of
// a TSS2 PRIVATE KEY file, or the fingerprint or comment of a key in the agent. The error names what was looked for. The
// result is safe for concurrent use and gives up on an answer after 15 s.
func (s Store) Open(kind Kind, name string) (crypto.Signer, error) {
	switch kind {
	case PKCS11:
		return s.OpenToken(name, nil)
	case TPM:
		return s.openTPM(name)
	case Agent:
		return s.openAgent(name)
	}
	return nil, fmt.Errorf("%q is no kind of key store", kind)
}

// ecdsaASN1 encodes r and s in the form of crypto.Signer (RFC 3279, Section 2.2.3).
func ecdsaASN1(r, s *big.Int) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(r)
		b.AddASN1BigInt(s)
	})
	return b.Bytes()
}
