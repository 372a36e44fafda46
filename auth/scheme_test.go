package auth

import (
	"crypto"
	"errors"
	"io"
	"testing"

	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

func TestScheme(t *testing.T) {
	sha2 := []wire.HashAlgorithm{wire.HashSHA256, wire.HashSHA384, wire.HashSHA512}
	only := func(s ...suite.Scheme) []suite.Scheme { return s }
	for _, tt := range []struct {
		name, key string
		hashes    []wire.HashAlgorithm
		schemes   []suite.Scheme
		allowSHA1 bool
		method    wire.AuthMethod
		want      suite.Scheme // SchemeNone: refused
	}{
		{"RSA takes PKCS #1 by itself", "rsa", sha2, nil, false, wire.AuthDigitalSignature, suite.SchemeRSASHA256},
		{"RSA takes PSS where configured", "rsa", sha2, only(suite.SchemePSSSHA256, suite.SchemeRSASHA256), false, wire.AuthDigitalSignature, suite.SchemePSSSHA256},
		{"the peer's hash decides", "rsa", []wire.HashAlgorithm{wire.HashSHA512}, nil, false, wire.AuthDigitalSignature, suite.SchemeRSASHA512},
		{"second choice", "rsa", []wire.HashAlgorithm{wire.HashSHA384}, only(suite.SchemePSSSHA256, suite.SchemePSSSHA384), false, wire.AuthDigitalSignature, suite.SchemePSSSHA384},
		{"SHA-1 announced is not used", "rsa", []wire.HashAlgorithm{wire.HashSHA1}, nil, false, 0, suite.SchemeNone},
		{"SHA-1 announced, method 1 allowed", "rsa", []wire.HashAlgorithm{wire.HashSHA1}, nil, true, wire.AuthRSASignature, suite.SchemeRSASHA1},
		{"no RFC 7427", "rsa", nil, nil, false, 0, suite.SchemeNone},
		{"no RFC 7427, method 1 allowed", "rsa", nil, nil, true, wire.AuthRSASignature, suite.SchemeRSASHA1},
		{"no RFC 7427, method 1 by name", "rsa", nil, only(suite.SchemeRSASHA1), false, wire.AuthRSASignature, suite.SchemeRSASHA1},
		{"allowed SHA-1 is not preferred", "rsa", sha2, nil, true, wire.AuthDigitalSignature, suite.SchemeRSASHA256},
		{"P-256 takes SHA-256", "ecdsa256", sha2, nil, false, wire.AuthDigitalSignature, suite.SchemeECDSASHA256},
		{"P-384 takes SHA-384", "ecdsa384", sha2, nil, false, wire.AuthDigitalSignature, suite.SchemeECDSASHA384},
		{"P-521 takes SHA-512", "ecdsa521", sha2, nil, false, wire.AuthDigitalSignature, suite.SchemeECDSASHA512},
		{"P-521 with what there is", "ecdsa521", []wire.HashAlgorithm{wire.HashSHA256}, nil, false, wire.AuthDigitalSignature, suite.SchemeECDSASHA256},
		{"P-256 without RFC 7427", "ecdsa256", nil, nil, false, wire.AuthECDSA256, suite.SchemeECDSASHA256},
		{"P-384 without RFC 7427", "ecdsa384", nil, nil, false, wire.AuthECDSA384, suite.SchemeECDSASHA384},
		{"P-521 without RFC 7427", "ecdsa521", nil, nil, false, wire.AuthECDSA521, suite.SchemeECDSASHA512},
		{"P-384 without RFC 7427, not configured", "ecdsa384", nil, only(suite.SchemeECDSASHA256), false, 0, suite.SchemeNone},
		{"Ed25519", "ed25519", []wire.HashAlgorithm{wire.HashIdentity}, nil, false, wire.AuthDigitalSignature, suite.SchemeEd25519},
		{"Ed25519 without Identity", "ed25519", sha2, nil, false, 0, suite.SchemeNone},
		{"Ed448", "ed448", []wire.HashAlgorithm{wire.HashIdentity}, nil, false, wire.AuthDigitalSignature, suite.SchemeEd448},
		{"Ed448 without RFC 7427", "ed448", nil, nil, true, 0, suite.SchemeNone},
		{"Ed448, not configured", "ed448", allHashes(), only(suite.SchemeEd25519), false, 0, suite.SchemeNone},
		{"an empty list is no restriction", "rsa", sha2, only(), false, wire.AuthDigitalSignature, suite.SchemeRSASHA256},
	} {
		t.Run(tt.name, func(t *testing.T) {
			local := foreignLocal(t, tt.key)
			local.Schemes, local.AllowSHA1 = tt.schemes, tt.allowSHA1
			method, scheme, failure := local.scheme(local.Credentials[0], tt.hashes)
			if method != tt.method || scheme != tt.want || (failure == nil) != (tt.want != suite.SchemeNone) {
				t.Errorf("%v with %v, %v; want %v with %v", method, scheme, failure, tt.method, tt.want)
			}
		})
	}
}

func TestSchemeFailuresSayWhatToDo(t *testing.T) {
	for _, tt := range []struct {
		key    string
		hashes []wire.HashAlgorithm
		words  []string
	}{
		{"rsa", nil, []string{"no RFC 7427", "local.allow_sha1", "RSA 2048"}},
		{"ed25519", nil, []string{"Ed25519", "RFC 8420"}},
		{"ed448", []wire.HashAlgorithm{wire.HashSHA256}, []string{"SHA2-256", "RFC 8420"}},
	} {
		local := foreignLocal(t, tt.key)
		wantFailure(t, prove(t, local, Identity{}, tt.hashes).Err, explain.AuthSignatureScheme, tt.words...)
	}
	local := foreignLocal(t, "ecdsa256")
	local.Schemes = []suite.Scheme{suite.SchemeEd25519}
	wantFailure(t, prove(t, local, Identity{}, allHashes()).Err, explain.AuthSignatureScheme, "we may use ED25519", "local.signature_schemes")
}

// TestAcceptedSchemes: what a peer may sign with (RFC 8247, Section 3.2).
func TestAcceptedSchemes(t *testing.T) {
	for _, tt := range []struct {
		name      string
		signs     suite.Scheme
		accepts   []suite.Scheme
		allowSHA1 bool
		want      bool
	}{
		{"PKCS #1", suite.SchemeRSASHA256, nil, false, true},
		{"PSS", suite.SchemePSSSHA512, nil, false, true},
		{"SHA-1", suite.SchemeRSASHA1, nil, false, false},
		{"SHA-1, allowed", suite.SchemeRSASHA1, nil, true, true},
		{"SHA-1, by name", suite.SchemeRSASHA1, []suite.Scheme{suite.SchemeRSASHA1}, false, true},
		{"PSS only", suite.SchemeRSASHA256, []suite.Scheme{suite.SchemePSSSHA256}, false, false},
		{"PSS only, and it is", suite.SchemePSSSHA256, []suite.Scheme{suite.SchemePSSSHA256}, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			local, id := foreignLocal(t, "rsa"), mustID(t, "rsa.example.org")
			local.Schemes = []suite.Scheme{tt.signs}
			hashes := allHashes()
			if tt.signs == suite.SchemeRSASHA1 {
				hashes = nil
			}
			remote := &Remote{Method: MethodPublicKey, Anchors: foreignAnchors(t), AllowSHA1: tt.allowSHA1}
			remote.Signatures.Schemes = tt.accepts
			err := check(t, remote, id, foreignNow(), mustProve(t, local, id, hashes)).Err
			if tt.want && err != nil {
				t.Error(err)
			}
			if !tt.want {
				wantFailure(t, err, explain.AuthSignatureScheme, "remote.signature_schemes")
			}
		})
	}
}

// brokenSigner is a key in a device that does not answer.
type brokenSigner struct{ crypto.Signer }

var errDevice = errors.New("the token was removed")

func (brokenSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, errDevice }

func TestSignerFails(t *testing.T) {
	p := newParty(t)
	p.local.Credentials[0].Key = brokenSigner{p.local.Credentials[0].Key}
	err := prove(t, p.local, p.id, allHashes()).Err
	wantFailure(t, err, explain.AuthSigning, "the token was removed", `"CN=gw"`)
	if !errors.Is(err, errDevice) {
		t.Error("the cause is lost")
	}
}
