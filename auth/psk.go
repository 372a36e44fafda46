package auth

import (
	"culvert/secret"
	"culvert/suite"
)

// keyPad makes what is derived from a shared secret useless elsewhere (RFC 7296, Section 2.15).
const keyPad = "Key Pad for IKEv2"

// A Secret is a pre-shared key and the identities that it is for.
type Secret struct {
	Name string     // as it is called in the configuration
	IDs  []Identity // patterns; none: anybody
	PSK  secret.Bytes
}

// Secrets is a set of pre-shared keys. It is immutable and safe for concurrent use.
type Secrets struct{ list []Secret }

// NewSecrets returns a set; the order decides between equal matches.
func NewSecrets(list ...Secret) *Secrets { return &Secrets{list} }

// Lookup returns the secret that fits a pair of identities best: one that names both before one that names one of them
// before one that names nobody; a name before a wildcard before %any; at last the first of the list. The peer's identity
// is %any as long as it is not known.
//
// A secret that names one identity is that identity's, ours or the peer's. A secret that names several is shared by these
// alone: the peer, once known, must be one of them.
func (s *Secrets) Lookup(local, remote Identity) (Secret, bool) {
	if s == nil {
		return Secret{}, false
	}
	best, found := fit{}, -1
	for i, candidate := range s.list {
		if f, ok := candidate.fit(local, remote); ok && (found < 0 || best.less(f)) {
			best, found = f, i
		}
	}
	if found < 0 {
		return Secret{}, false
	}
	return s.list[found], true
}

// A fit is how well a secret matches either side.
type fit struct{ local, remote Match }

// less compares the number of sides that are matched, then how exactly, the peer's side first.
func (f fit) less(g fit) bool {
	if f.sides() != g.sides() {
		return f.sides() < g.sides()
	}
	if f.remote+f.local != g.remote+g.local {
		return f.remote+f.local < g.remote+g.local
	}
	return f.remote < g.remote
}

func (f fit) sides() int {
	n := 0
	for _, m := range []Match{f.local, f.remote} {
		if m > MatchAny {
			n++
		}
	}
	return n
}

// fit tells whether the secret may be used between two sides, and how well it matches them.
func (s Secret) fit(local, remote Identity) (fit, bool) {
	if len(s.IDs) == 0 {
		return fit{}, true
	}
	var f fit
	for _, pattern := range s.IDs {
		f.local = max(f.local, pattern.Match(local))
		f.remote = max(f.remote, pattern.Match(remote))
	}
	if len(s.IDs) > 1 && !remote.IsAny() {
		return f, f.remote != MatchNone
	}
	return f, f.local != MatchNone || f.remote != MatchNone
}

// SharedKey computes the AUTH data of a shared key (RFC 7296, Section 2.15): a pre-shared one, one that EAP has made, or
// SK_pi or SK_pr where there is none (RFC 7296, Section 2.16; RFC 7619, Section 2.1).
func SharedKey(prf *suite.PRF, key secret.Bytes, octets []byte) []byte {
	padded := secret.Bytes(prf.Sum(key, []byte(keyPad)))
	defer padded.Clear()
	return prf.Sum(padded, octets)
}
