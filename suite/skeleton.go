package suite

import (
	"crypto"
	"errors"
	"io"

	"culvert/secret"
	"culvert/wire"
)

func ParseProposal(protocol wire.ProtocolID, s string) (wire.Proposal, error) {
	return wire.Proposal{}, errors.ErrUnsupported
}

// ParseProposals parses a list of proposal strings (the elements of swanctl's comma separated list); the word "default"
// stands for DefaultIKE or DefaultESP. Proposals are numbered from 1.
func ParseProposals(protocol wire.ProtocolID, list []string) ([]wire.Proposal, error) {
	return nil, errors.ErrUnsupported
}
func FormatProposal(p wire.Proposal) string { return "" }
func DefaultIKE() []wire.Proposal           { return nil }
func DefaultESP() []wire.Proposal           { return nil }

type SelectOptions struct{ IgnoreKE, PreferPeer bool }
type Selection struct{ Proposal wire.Proposal }

func (s Selection) Get(t wire.TransformType) (wire.Transform, bool) { return wire.Transform{}, false }

type Refusal struct {
	Protocol            wire.ProtocolID
	Type                wire.TransformType
	Offered, Configured []wire.Transform
}

func (r *Refusal) Error() string { return "" }

func Select(offered, configured []wire.Proposal, opt SelectOptions) (Selection, error) {
	return Selection{}, errors.ErrUnsupported
}
func CheckAccepted(offered []wire.Proposal, accepted wire.Proposal) error {
	return errors.ErrUnsupported
}

type PRF struct{ id wire.TransformID }

func NewPRF(id wire.TransformID) (*PRF, error)              { return nil, errors.ErrUnsupported }
func (p *PRF) Size() int                                    { return 0 }
func (p *PRF) KeySize() int                                 { return 0 }
func (p *PRF) Sum(key []byte, data ...[]byte) []byte        { return nil }
func (p *PRF) Plus(key, seed []byte, n int) ([]byte, error) { return nil, errors.ErrUnsupported }

type IKEKeys struct{ D, Ai, Ar, Ei, Er, Pi, Pr secret.Bytes }
type ChildKeys struct{ EncrI, IntegI, EncrR, IntegR secret.Bytes }

func (k *IKEKeys) Clear()   {}
func (k *ChildKeys) Clear() {}

func DeriveIKEKeys(sel Selection, sharedSecret, ni, nr []byte, spii, spir wire.SPI) (IKEKeys, error) {
	return IKEKeys{}, errors.ErrUnsupported
}
func RekeyIKEKeys(oldPRF wire.TransformID, oldD []byte, sel Selection, sharedSecret, ni, nr []byte, spii, spir wire.SPI) (IKEKeys, error) {
	return IKEKeys{}, errors.ErrUnsupported
}
func DeriveChildKeys(ikePRF wire.TransformID, d []byte, esp Selection, sharedSecret, ni, nr []byte) (ChildKeys, error) {
	return ChildKeys{}, errors.ErrUnsupported
}
func NewProtector(sel Selection, encrKey, integKey []byte, rand io.Reader) (wire.Protector, error) {
	return nil, errors.ErrUnsupported
}

type KeyExchange struct{}

func NewKeyExchange(method wire.TransformID, rand io.Reader) (*KeyExchange, error) {
	return nil, errors.ErrUnsupported
}
func (k *KeyExchange) Method() wire.TransformID                 { return 0 }
func (k *KeyExchange) Public() []byte                           { return nil }
func (k *KeyExchange) Finish(peer []byte) (secret.Bytes, error) { return nil, errors.ErrUnsupported }
func RespondKeyExchange(method wire.TransformID, peer []byte, rand io.Reader) (public []byte, shared secret.Bytes, err error) {
	return nil, nil, errors.ErrUnsupported
}
func SupportedKE(method wire.TransformID) bool { return false }

// ESP names the transforms of one ESP SA.
type ESP struct {
	ENCR, INTEG wire.Transform
	ESN         bool
}

func ESPFromSelection(sel Selection) ESP    { return ESP{} }
func (e ESP) String() string                { return "" }
func (e ESP) KeyLengths() (encr, integ int) { return 0, 0 }

type ESPCipher interface {
	IVLen() int
	ICVLen() int
	BlockLen() int
	Seal(pkt []byte, seq uint64)
	Open(pkt []byte, seq uint64) (plaintext []byte, err error)
}

// ErrAuthentication means that a packet or message did not carry the ICV its key demands, or is too short to carry one.
var ErrAuthentication = errors.New("integrity check failed")

func NewESPCipher(e ESP, encrKey, integKey []byte, rand io.Reader) (ESPCipher, error) {
	return nil, errors.ErrUnsupported
}

// Scheme is a signature algorithm with its hash.
type Scheme uint8

const (
	SchemeNone    Scheme = iota
	SchemeRSASHA1        // PKCS#1 v1.5 with SHA-1, method 1 only
	SchemeRSASHA256
	SchemeRSASHA384
	SchemeRSASHA512
	SchemePSSSHA256
	SchemePSSSHA384
	SchemePSSSHA512
	SchemeECDSASHA256
	SchemeECDSASHA384
	SchemeECDSASHA512
	SchemeEd25519
	SchemeEd448
)

func (s Scheme) String() string { return "" }

// SignaturePolicy says which signatures are accepted; the zero value takes every scheme but SHA-1 and moduli from 2048 bits.
type SignaturePolicy struct {
	Schemes    []Scheme // nil: all but SchemeRSASHA1
	MinRSABits int      // 0: 2048; never below 1024
}

func SignatureHashes() []wire.HashAlgorithm { return nil }

// SchemesFor lists the schemes that a key can make and a peer that announced these hashes can verify, best first.
func SchemesFor(pub crypto.PublicKey, peer []wire.HashAlgorithm) []Scheme { return nil }

// Sign makes the data of an AUTH payload. Method 14 takes any scheme but SchemeRSASHA1, method 1 the RSA PKCS#1 schemes,
// methods 9, 10, 11 take SchemeECDSASHA256, 384, 512 on their one curve.
func Sign(key crypto.Signer, method wire.AuthMethod, scheme Scheme, octets []byte, rand io.Reader) ([]byte, error) {
	return nil, errors.ErrUnsupported
}
func Verify(pub crypto.PublicKey, a wire.Auth, octets []byte, allowed SignaturePolicy) error {
	return errors.ErrUnsupported
}
