package auth

import (
	"errors"

	"culvert/secret"
)

// A Secret is a pre-shared key and the identities that it is for.
type Secret struct {
	Name string     // as it is called in the configuration
	IDs  []Identity // empty: any
	PSK  secret.Bytes
}

// Secrets is a set of pre-shared keys. It is immutable and safe for concurrent use.
type Secrets struct{ list []Secret }

// NewSecrets returns a set; the order decides between equal matches.
func NewSecrets(list ...Secret) *Secrets { return &Secrets{list} }

// Lookup returns the secret that fits a pair best.
func (s *Secrets) Lookup(local, remote Identity) (Secret, bool) { return Secret{}, false }

// ParseSecret reads a secret as swanctl writes it: text, 0x and hexadecimal digits, or 0s and base64.
func ParseSecret(s string) (secret.Bytes, error) { return nil, errors.ErrUnsupported }

// WeakPSK warns of a pre-shared key that can be guessed.
func WeakPSK(s Secret) (Warning, bool) { return Warning{}, false }
