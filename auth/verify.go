package auth

import (
	"context"
	"crypto/subtle"
	"crypto/x509"
	"slices"
	"time"

	"culvert/explain"
	"culvert/secret"
	"culvert/suite"
	"culvert/wire"
)

// Verify checks the peer's AUTH payload (RFC 7296, Section 2.15). It is work: Run may ask revocation servers, and touches
// nothing but its inputs.
type Verify struct {
	Remote  *Remote
	ID      Identity // the peer's, as it is in the message
	LocalID Identity // ours
	PRF     *suite.PRF
	Octets  []byte       // what the peer has signed
	Key     secret.Bytes // SK_pi or SK_pr, the peer's; for MethodNULL
	Auth    *wire.Auth
	Certs   []*wire.Cert // as received, in order
	Now     time.Time
}

// VerifyResult is what Verify.Run returns.
type VerifyResult struct {
	ID       Identity // the peer's, proven, see proven; of the key where several raw keys are trusted for any identity (RFC 7670, Section 1). With Leaf it is there in spite of Err
	Method   Method
	Leaf     *x509.Certificate // the peer's certificate, if there is one; with Err that it was revoked
	NotAfter time.Time         // when the proof ends: the first end of validity in the path; zero: never
	Warnings []Warning
	Err      error // a *Failure
	Forged   bool  // Err is that AUTH was not made with the key that the peer shows, which is so whatever Remote asks for
}

// Run returns a VerifyResult.
func (v Verify) Run(ctx context.Context) any {
	result, failure := v.run(ctx)
	if failure != nil {
		return VerifyResult{ID: result.ID, Leaf: result.Leaf, Err: failure, Forged: result.Forged}
	}
	result.Method = v.Remote.Method
	return result
}

func (v Verify) run(ctx context.Context) (VerifyResult, *Failure) {
	if v.Remote.Method != MethodNULL && !v.Remote.ID.Matches(v.ID) {
		return VerifyResult{}, idRefused(v.Remote.ID, v.ID)
	}
	if got := methodOf(v.Auth.Method); got != v.Remote.Method {
		return VerifyResult{}, methodRefused(v.ID, v.Remote.Method, v.Auth.Method)
	}
	switch v.Remote.Method {
	case MethodPSK:
		return v.psk()
	case MethodNULL:
		return v.null()
	}
	return v.publicKey(ctx)
}

// psk compares in constant time with what the shared key gives.
func (v Verify) psk() (VerifyResult, *Failure) {
	shared, ok := v.Remote.Secrets.Lookup(v.LocalID, v.ID)
	if !ok {
		return VerifyResult{}, pskUnknown(v.LocalID, v.ID)
	}
	if subtle.ConstantTimeCompare(v.Auth.Data, SharedKey(v.PRF, shared.PSK, v.Octets)) != 1 {
		return VerifyResult{}, pskWrong(v.LocalID, v.ID, shared)
	}
	return VerifyResult{ID: v.proven(shared.IDs...)}, nil
}

// null checks that AUTH belongs to this IKE SA, and nothing else: whoever the peer says it is counts for nothing (RFC 7619,
// Sections 2.1 and 2.2).
func (v Verify) null() (VerifyResult, *Failure) {
	if subtle.ConstantTimeCompare(v.Auth.Data, SharedKey(v.PRF, v.Key, v.Octets)) != 1 {
		return VerifyResult{}, nullWrong(v.ID)
	}
	return VerifyResult{ID: NullIdentity()}, nil
}

// proven is the peer's identity as it is spelled in one of some identities, in the configuration, or else by the peer. Names
// that differ in letter case only are one peer's, which must not count as several.
func (v Verify) proven(spellings ...Identity) Identity {
	if !v.Remote.ID.IsPattern() {
		spellings = append(spellings, v.Remote.ID)
	}
	if i := slices.IndexFunc(spellings, v.ID.Equal); i >= 0 {
		return spellings[i]
	}
	return v.ID
}

// publicKey checks a signature: with the raw key or certificate that was sent, else with those that are configured.
func (v Verify) publicKey(ctx context.Context) (VerifyResult, *Failure) {
	sent, failure := v.shown(ctx)
	switch {
	case failure != nil:
		return VerifyResult{}, failure
	case sent.rawKey != nil:
		return v.rawKey(sent.rawKey)
	case sent.leaf != nil:
		return v.certificate(ctx, sent)
	}
	return v.unsent(ctx)
}

// signature checks the AUTH payload with a key.
func (v Verify) signature(pub any, name string) *Failure {
	err := suite.Verify(pub, *v.Auth, v.Octets, v.Remote.signatures())
	if err == nil {
		return nil
	}
	return signatureFailed(name, v.Remote, v.diagnose(pub, err))
}

// diagnose tells a wrong key from a right one that was used with SHA-1, the usual thing for peers without RFC 7427, which
// method 1 does not say (RFC 7296, Section 3.8).
func (v Verify) diagnose(pub any, err error) error {
	weak := suite.SignaturePolicy{Schemes: []suite.Scheme{suite.SchemeRSASHA1}}
	if v.Auth.Method == wire.AuthRSASignature && suite.Verify(pub, *v.Auth, v.Octets, weak) == nil {
		return &suite.SignatureError{Method: v.Auth.Method, Scheme: suite.SchemeRSASHA1, Err: suite.ErrScheme}
	}
	return err
}

// noCert is the failure of a peer that shows nothing.
func (v Verify) noCert() *Failure {
	return &Failure{Code: explain.AuthCertMissing, Cause: "peer " + v.ID.String() + " sent no certificate, and none of it is configured here that fits",
		Action: "have the peer send its certificate, or configure it as remote.certificate or remote.public_key"}
}
