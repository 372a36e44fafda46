package wire

// IDType is the kind of an identity (RFC 7296, Section 3.5).
type IDType uint8

// Identification types.
const (
	IDIPv4Addr   IDType = 1
	IDFQDN       IDType = 2
	IDRFC822Addr IDType = 3
	IDIPv6Addr   IDType = 5
	IDDERASN1DN  IDType = 9
	IDDERASN1GN  IDType = 10
	IDKeyID      IDType = 11
	IDFCName     IDType = 12 // RFC 4595
	IDNull       IDType = 13 // RFC 7619
)

var idTypeNames = []named[IDType]{
	{IDIPv4Addr, "ID_IPV4_ADDR"},
	{IDFQDN, "ID_FQDN"},
	{IDRFC822Addr, "ID_RFC822_ADDR"},
	{IDIPv6Addr, "ID_IPV6_ADDR"},
	{IDDERASN1DN, "ID_DER_ASN1_DN"},
	{IDDERASN1GN, "ID_DER_ASN1_GN"},
	{IDKeyID, "ID_KEY_ID"},
	{IDFCName, "ID_FC_NAME"},
	{IDNull, "ID_NULL"},
}

// String returns the registered name, ID_FQDN for example, or ID(n).
func (t IDType) String() string { return nameOf(idTypeNames, "ID", t) }

// CertEncoding is the format of a certificate or of what is asked for (RFC 7296, Section 3.6).
type CertEncoding uint8

// Certificate encodings.
const (
	CertPKCS7X509     CertEncoding = 1
	CertPGP           CertEncoding = 2
	CertDNSSignedKey  CertEncoding = 3
	CertX509Signature CertEncoding = 4
	CertKerberosToken CertEncoding = 6
	CertCRL           CertEncoding = 7
	CertARL           CertEncoding = 8
	CertSPKI          CertEncoding = 9
	CertX509Attribute CertEncoding = 10
	CertRawRSAKey     CertEncoding = 11
	CertHashURLX509   CertEncoding = 12
	CertHashURLBundle CertEncoding = 13
	CertOCSPContent   CertEncoding = 14 // RFC 4806
	CertRawPublicKey  CertEncoding = 15 // RFC 7670
)

var certEncodingNames = []named[CertEncoding]{
	{CertPKCS7X509, "PKCS #7 wrapped X.509"},
	{CertPGP, "PGP"},
	{CertDNSSignedKey, "DNS signed key"},
	{CertX509Signature, "X.509 certificate - signature"},
	{CertKerberosToken, "Kerberos token"},
	{CertCRL, "CRL"},
	{CertARL, "ARL"},
	{CertSPKI, "SPKI certificate"},
	{CertX509Attribute, "X.509 attribute certificate"},
	{CertRawRSAKey, "raw RSA key"},
	{CertHashURLX509, "hash and URL of X.509 certificate"},
	{CertHashURLBundle, "hash and URL of X.509 bundle"},
	{CertOCSPContent, "OCSP content"},
	{CertRawPublicKey, "raw public key"},
}

// String returns the registered name, or CERT(n).
func (e CertEncoding) String() string { return nameOf(certEncodingNames, "CERT", e) }

// AuthMethod is the way an AUTH payload proves an identity (RFC 7296, Section 3.8).
type AuthMethod uint8

// Authentication methods.
const (
	AuthRSASignature     AuthMethod = 1
	AuthSharedKey        AuthMethod = 2
	AuthDSSSignature     AuthMethod = 3
	AuthECDSA256         AuthMethod = 9 // RFC 4754: P-256 with SHA-256
	AuthECDSA384         AuthMethod = 10
	AuthECDSA521         AuthMethod = 11 // P-521 with SHA-512
	AuthSecurePassword   AuthMethod = 12 // RFC 6467
	AuthNull             AuthMethod = 13 // RFC 7619
	AuthDigitalSignature AuthMethod = 14 // RFC 7427
)

var authMethodNames = []named[AuthMethod]{
	{AuthRSASignature, "RSA Digital Signature"},
	{AuthSharedKey, "Shared Key Message Integrity Code"},
	{AuthDSSSignature, "DSS Digital Signature"},
	{AuthECDSA256, "ECDSA SHA-256/P-256"},
	{AuthECDSA384, "ECDSA SHA-384/P-384"},
	{AuthECDSA521, "ECDSA SHA-512/P-521"},
	{AuthSecurePassword, "Generic Secure Password Authentication Method"},
	{AuthNull, "NULL Authentication"},
	{AuthDigitalSignature, "Digital Signature"},
}

// String returns the registered name, or AUTH(n).
func (m AuthMethod) String() string { return nameOf(authMethodNames, "AUTH", m) }

// HashAlgorithm is a hash a peer accepts in signatures (RFC 7427, Section 4).
type HashAlgorithm uint16

// Hash algorithms of SIGNATURE_HASH_ALGORITHMS.
const (
	HashSHA1        HashAlgorithm = 1
	HashSHA256      HashAlgorithm = 2
	HashSHA384      HashAlgorithm = 3
	HashSHA512      HashAlgorithm = 4
	HashIdentity    HashAlgorithm = 5 // RFC 8420
	HashStreebog256 HashAlgorithm = 6 // RFC 9385
	HashStreebog512 HashAlgorithm = 7 // RFC 9385
)

var hashNames = []named[HashAlgorithm]{
	{HashSHA1, "SHA1"},
	{HashSHA256, "SHA2-256"},
	{HashSHA384, "SHA2-384"},
	{HashSHA512, "SHA2-512"},
	{HashIdentity, "Identity"},
	{HashStreebog256, "STREEBOG_256"},
	{HashStreebog512, "STREEBOG_512"},
}

// String returns the registered name, SHA2-256 for example, or HASH(n).
func (h HashAlgorithm) String() string { return nameOf(hashNames, "HASH", h) }
