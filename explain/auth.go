package explain

import "slices"

// The codes of authentication.
const (
	AuthIDMismatch        Code = "AUTH-ID-MISMATCH"
	AuthIDRefused         Code = "AUTH-ID-REFUSED"
	AuthMethodRefused     Code = "AUTH-METHOD-REFUSED"
	AuthPSKUnknown        Code = "AUTH-PSK-UNKNOWN"
	AuthPSKWrong          Code = "AUTH-PSK-WRONG"
	AuthPSKWeak           Code = "AUTH-PSK-WEAK"
	AuthNoCredential      Code = "AUTH-NO-CREDENTIAL"
	AuthSigning           Code = "AUTH-SIGNING"
	AuthSignature         Code = "AUTH-SIGNATURE"
	AuthSignatureScheme   Code = "AUTH-SIGNATURE-SCHEME"
	AuthCertMissing       Code = "AUTH-CERT-MISSING"
	AuthCertMalformed     Code = "AUTH-CERT-MALFORMED"
	AuthCertEncoding      Code = "AUTH-CERT-ENCODING"
	AuthCertTooMany       Code = "AUTH-CERT-TOO-MANY"
	AuthCertLookup        Code = "AUTH-CERT-LOOKUP"
	AuthOCSPStaple        Code = "AUTH-OCSP-STAPLE"
	AuthCertUntrusted     Code = "AUTH-CERT-UNTRUSTED"
	AuthCertExpired       Code = "AUTH-CERT-EXPIRED"
	AuthCertNotYetValid   Code = "AUTH-CERT-NOT-YET-VALID"
	AuthCertUsage         Code = "AUTH-CERT-USAGE"
	AuthCertKey           Code = "AUTH-CERT-KEY"
	AuthCertConstraint    Code = "AUTH-CERT-CONSTRAINT"
	AuthCertStrength      Code = "AUTH-CERT-STRENGTH"
	AuthCertPolicy        Code = "AUTH-CERT-POLICY"
	AuthCertRevoked       Code = "AUTH-CERT-REVOKED"
	AuthRevocationUnknown Code = "AUTH-REVOCATION-UNKNOWN"
	AuthRawKeyUnknown     Code = "AUTH-RAW-KEY-UNKNOWN"
	AuthRounds            Code = "AUTH-ROUNDS"
	AuthNoCandidate       Code = "AUTH-NO-CANDIDATE"
	AuthCandidateLate     Code = "AUTH-CANDIDATE-LATE"
	AuthGroup             Code = "AUTH-GROUP"
	AuthEAPUnavailable    Code = "AUTH-EAP-UNAVAILABLE"
	AuthEAPOnly           Code = "AUTH-EAP-ONLY"
	AuthEAPKeyless        Code = "AUTH-EAP-KEYLESS"
	AuthEAPKey            Code = "AUTH-EAP-KEY"
	AuthEAPLimit          Code = "AUTH-EAP-LIMIT"
)

// authEntries documents the codes of authentication.
func authEntries() []Entry {
	return slices.Concat(identityEntries(), certificateEntries(), roundEntries())
}

func roundEntries() []Entry {
	return []Entry{
		{AuthNoCandidate, "Several connections fit the peer by what it claims, and none by what it proves.",
			"The message says for each of them, best first, what it has against the peer: signature, authority, key, revocation, rounds, EAP or group. A connection that names the peer in full keeps it from those that are for anybody.",
			"Find the connection that is meant in the message and mend what it objects to, or give each connection a remote.id of its own."},
		{AuthCandidateLate, "A connection would take the peer, but comes too late for it.",
			"The connection is chosen again while the peer authenticates, when the one before does not fit. What was done before that, our own proof, EAP or a PPK, has to be what the next connection would have done.",
			"Give the connections the same block local, block eap and ppk as the message says, or put the one that is meant first. After a reload let the peer connect again."},
		{AuthRounds, "The two sides do not agree on how often one of them authenticates.",
			"A connection may demand several rounds of authentication, for example a certificate and then EAP (RFC 4739). The peer has more or fewer rounds than are configured, or does not know several rounds.",
			"Make the rounds in the block remote here those of the peer's local side, and the other way round."},
		{AuthGroup, "The peer is in none of the groups that the connection or child is for.",
			"Its account, in a file of users or on a RADIUS server, does not name one of them.",
			"Add the user to a group of the message, or correct groups."},
		{AuthEAPUnavailable, "One side wants EAP and the other does not.",
			"An initiator asks for EAP by leaving its proof out. The connection demands another method, has no users to ask, or the responder does not answer with EAP.",
			"Set auth = \"eap\" for the initiator on both sides, with a block eap that says who knows the users."},
		{AuthEAPOnly, "The responder's only proof would be EAP, and that is not allowed here.",
			"Without a certificate or secret of the responder the EAP method alone protects the initiator. It must prove both sides, make keys, and not give away passwords (RFC 5998, Section 4); and both sides must have agreed.",
			"Give the responder a certificate, or set eap_only on both sides and use EAP-TLS, EAP-TTLS or EAP-AKA."},
		{AuthEAPKeyless, "The EAP method makes no keys.",
			"EAP-MD5 and EAP-GTC prove the user but tie nothing to this IKE SA, so that who is in between could use the proof elsewhere (RFC 7296, Section 2.16).",
			"Use EAP-MSCHAPv2, EAP-TLS or another method with keys, or set keyless in the block eap if the responder has a certificate that is checked."},
		{AuthEAPKey, "The proof after EAP was not made with its key.",
			"EAP went well, but the AUTH payload behind it does not fit: the two sides have different keys of the method, as with a RADIUS server that sends wrong keys, or somebody is in between.",
			"Compare the logs of both sides and of the RADIUS server. If they are all right, somebody listens."},
		{AuthEAPLimit, "The EAP conversation did not come to an end.",
			"The number of messages is bounded, so that nobody can keep us busy with them.",
			"Look at the log of the other side for why it goes round in circles; very long certificate chains need fewer certificates."},
	}
}

func identityEntries() []Entry {
	return []Entry{
		{AuthIDMismatch, "The peer's certificate does not confirm the identity that the peer claims.",
			"A certificate stands for its subjectAltNames and its subject as a whole. The identity that the peer sends must be one of these, letter case apart; the common name alone does not count (RFC 4945, Section 3.1).",
			"Have the peer send one of the identities that the message lists and set remote.id to it, or issue a certificate with the identity as subjectAltName. If the name in the certificate is a wildcard, remote.wildcard_san accepts it."},
		{AuthIDRefused, "The peer claims an identity that the connection is not for.",
			"The identity in the peer's message does not match remote.id. A type can differ where the text does not: a domain name, a mail address and an opaque identifier are three identities.",
			"Compare both identities in the message and correct remote.id here or the local identity of the peer."},
		{AuthMethodRefused, "The peer authenticates in another way than the connection demands.",
			"One side is set up for a pre-shared key and the other for a certificate or public key.",
			"Set remote.auth to how the peer authenticates, or change the peer."},
		{AuthPSKUnknown, "There is no pre-shared key for this pair of identities.",
			"No secret names the peer's identity, ours, or anybody. A secret that names several identities is for these only.",
			"Add a secret with the identity that the message shows for the peer, written as the peer sends it."},
		{AuthPSKWrong, "The peer does not know the pre-shared key that is configured for it.",
			"The keys differ, or an encoding does: 0x starts hexadecimal digits, 0s base64, anything else is taken as it is, spaces included. It may also be that another secret fits the two identities better than the one that was meant.",
			"Compare the key of the secret that the message names with that of the peer, and look at which identities each secret has."},
		{AuthPSKWeak, "A pre-shared key can be guessed.",
			"Whoever takes part in one handshake, by posing as the peer, can try keys offline as fast as his machines go (RFC 7296, Section 2.15). Words and short keys do not last.",
			"Replace it on both sides by random octets, for example of `openssl rand -hex 32` behind 0x."},
		{AuthNoCredential, "We have nothing to authenticate with.",
			"The connection has no private key, or no method of authentication.",
			"Set local.certificate and local.key, or a secret."},
		{AuthSigning, "Our private key did not make a signature.",
			"The key does not belong to the certificate, or the device or agent that holds it refused or did not answer; the message has its words.",
			"Check local.key and local.certificate with `culvert check`, and the device that holds the key."},
		{AuthSignature, "The peer's signature is wrong.",
			"The peer has signed with another private key than that of the certificate or public key that it shows, or what it signed was changed on the way.",
			"Check on the peer that key and certificate belong together. If both are right, compare the logs of both sides: somebody may be in between."},
		{AuthSignatureScheme, "There is no signature scheme that both sides accept.",
			"The key, the hashes that the peer announces (RFC 7427) and the configured schemes have nothing in common. A peer without RFC 7427 verifies RSA with SHA-1 only, which is off unless it is allowed, and neither Ed25519 nor Ed448.",
			"Follow the message: widen signature_schemes, set allow_sha1 for an old peer, or use a certificate with a key that the peer knows, ECDSA for example."},
		{AuthRawKeyUnknown, "The peer's raw public key is none of those that are trusted.",
			"The peer has another key than the one that is configured, or was meant to send a certificate.",
			"Compare the fingerprint in the message with the peer's key, and add the key to remote.public_key if it is the peer's."},
	}
}

func certificateEntries() []Entry {
	return []Entry{
		{AuthCertMissing, "The peer sent no certificate.",
			"The peer authenticates by signature but does not show whose, and no certificate or public key is configured for it.",
			"Have the peer send its certificate, and see that certificate requests are not turned off; or set remote.certificate."},
		{AuthCertMalformed, "A certificate of the peer cannot be read.",
			"It is damaged, or has a key or curve that is not supported.",
			"Look at it with `openssl x509 -text` on the peer; issue one with an RSA, ECDSA (P-256, P-384, P-521), Ed25519 or Ed448 key."},
		{AuthCertEncoding, "The peer sent its certificate in a format that was not asked for.",
			"X.509 certificates in full, by hash and URL, and raw public keys are accepted. PKCS #7 and others are not.",
			"Have the peer send its certificates in full."},
		{AuthCertTooMany, "The peer sent too many certificates.",
			"Their number is bounded, so that nobody can keep us busy with them.",
			"Have the peer send its certificate and the intermediates up to the CA, nothing else."},
		{AuthCertLookup, "The peer's certificate could not be had from where the peer says that it is.",
			"The peer sent the hash of its certificate and an address (RFC 7296, Section 3.6). Addresses are looked at only where remote.certificate_hosts names the host, by http, without redirections and within a few seconds; what is there must have the hash.",
			"Add the host in the message to remote.certificate_hosts if you trust it to be asked on behalf of strangers, or have the peer send its certificate in full."},
		{AuthOCSPStaple, "A peer asks for an OCSP answer about our certificate, and there is none to show.",
			"The OCSP server that our certificate names does not answer, or its answer would not convince anybody (RFC 4806). The peer may ask the server by itself, or refuse us.",
			"Make the server in the message reachable from here; see that the issuer of our certificate stands in local.certificate."},
		{AuthCertUntrusted, "The peer's certificate leads to no CA that the connection trusts.",
			"Another CA has issued it, an intermediate certificate is missing, or a signature in between is wrong or made with SHA-1. Only the CAs of the connection are trusted, not those of the system.",
			"Add the CA that the message names to remote.ca if it is to be trusted, or the missing intermediate to remote.intermediate or to what the peer sends."},
		{AuthCertExpired, "A certificate in the peer's path has expired.",
			"Its time is over, or the clock here is ahead.",
			"Renew the certificate that the message names; compare its end with the clock in the message."},
		{AuthCertNotYetValid, "A certificate in the peer's path is not valid yet.",
			"It was issued for later, or the clock here is behind, as on devices without a battery.",
			"Set the clock, or wait."},
		{AuthCertUsage, "The peer's certificate is not meant for IKE.",
			"Its key usage does not allow signatures, or its extended key usage lists other purposes only (RFC 4945, Section 5.1.3).",
			"Issue a certificate with key usage digitalSignature and without extended key usage or with ipsecIKE or serverAuth, or relax remote.eku."},
		{AuthCertKey, "A key of the peer is too weak, too large or of an unknown kind.",
			"RSA keys below 2048 bits or above 8192, exponents of 3 or less and even ones are refused, and curves other than P-256, P-384 and P-521 (RFC 8247, Section 3.1.1).",
			"Issue a certificate with a better key. For a peer that cannot have one, remote.min_rsa_bits goes down to 1024."},
		{AuthCertConstraint, "A certificate in the peer's path forbids the path.",
			"A CA may issue certificates for some names or to some depth only, or a certificate has a critical extension that is not known. Every subjectAltName and the subject count, letter case does not.",
			"Issue the certificate below a CA that may, with names that it may give."},
		{AuthCertStrength, "A certificate of the peer's path is not as strong as the connection demands.",
			"remote.chain_keys says which keys, and remote.chain_signatures which signatures, every certificate from the peer's own to the CA may have; in swanctl.conf both stand in remote.auth, as in rsa-3072-sha384. The message names the certificate, what it has and what is demanded.",
			"Issue that certificate anew, with a stronger key or a signature of its issuer that is demanded, or lower the demand."},
		{AuthCertPolicy, "The peer's certificate path is not issued under a certificate policy that is demanded.",
			"remote.require_policy, or a CA in the path, demands a policy. Each certificate between the CA that is trusted and the peer's own must name it, or another one that a CA maps to it, or any (RFC 5280, Section 6.1).",
			"Compare the certificatePolicies of the certificates in the path (`openssl x509 -text`) with remote.require_policy."},
		{AuthCertRevoked, "The peer's certificate was revoked.",
			"Its CA says so, by OCSP or in a revocation list; the message says when and why. Tunnels that the peer has from before by the same certificate end as well.",
			"If the peer may still connect, issue a new certificate for it. If not, there is nothing to do."},
		{AuthRevocationUnknown, "Nobody says whether the peer's certificate was revoked.",
			"The servers that the certificate names do not answer or answer wrongly, their lists are out of date, or it names none. Depending on remote.revocation this refuses the peer or is a warning.",
			"Make the servers in the message reachable from here, configure a revocation list file, or choose another remote.revocation."},
	}
}
