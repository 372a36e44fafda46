package explain

// The codes of authentication.
const (
	AuthIDMismatch        Code = "AUTH-ID-MISMATCH"
	AuthIDRefused         Code = "AUTH-ID-REFUSED"
	AuthMethodRefused     Code = "AUTH-METHOD-REFUSED"
	AuthPSKUnknown        Code = "AUTH-PSK-UNKNOWN"
	AuthPSKWrong          Code = "AUTH-PSK-WRONG"
	AuthPSKWeak           Code = "AUTH-PSK-WEAK"
	AuthNoCredential      Code = "AUTH-NO-CREDENTIAL"
	AuthSignatureScheme   Code = "AUTH-SIGNATURE-SCHEME"
	AuthSignature         Code = "AUTH-SIGNATURE"
	AuthSigning           Code = "AUTH-SIGNING"
	AuthCertMissing       Code = "AUTH-CERT-MISSING"
	AuthCertMalformed     Code = "AUTH-CERT-MALFORMED"
	AuthCertEncoding      Code = "AUTH-CERT-ENCODING"
	AuthCertTooMany       Code = "AUTH-CERT-TOO-MANY"
	AuthCertUntrusted     Code = "AUTH-CERT-UNTRUSTED"
	AuthCertExpired       Code = "AUTH-CERT-EXPIRED"
	AuthCertNotYetValid   Code = "AUTH-CERT-NOT-YET-VALID"
	AuthCertUsage         Code = "AUTH-CERT-USAGE"
	AuthCertKey           Code = "AUTH-CERT-KEY"
	AuthCertConstraint    Code = "AUTH-CERT-CONSTRAINT"
	AuthCertRevoked       Code = "AUTH-CERT-REVOKED"
	AuthRevocationUnknown Code = "AUTH-REVOCATION-UNKNOWN"
	AuthRawKeyUnknown     Code = "AUTH-RAW-KEY-UNKNOWN"
)

// authEntries documents the codes of authentication.
func authEntries() []Entry { return nil }
