package explain

// The codes of the EAP methods over TLS.
const (
	EAPTLSHandshake Code = "EAP-TLS-HANDSHAKE"
	EAPTLSAlert     Code = "EAP-TLS-ALERT"
	EAPTLSUnbound   Code = "EAP-TLS-UNBOUND"
	EAPTLSBinding   Code = "EAP-TLS-BINDING"
)

// eapTLSEntries is what goes wrong in EAP-TLS, EAP-TTLS and PEAP.
func eapTLSEntries() []Entry {
	return []Entry{
		{EAPTLSHandshake, "The TLS handshake inside EAP does not succeed.",
			"The two sides have no TLS version, cipher suite, group or signature algorithm in common, or what arrived is not TLS.",
			"Follow the message. TLS 1.2 with forward secrecy and authenticated encryption is the least that is accepted."},
		{EAPTLSAlert, "The other side ended the TLS handshake inside EAP.",
			"Its alert says why in one word: an unknown authority or a bad certificate means that it does not trust ours, a protocol version that its TLS is too old or too new.",
			"Look at the log of the other side, and see that it trusts the authority of our certificate and asks for the name that is in it."},
		{EAPTLSUnbound, "The TLS session inside EAP gives no keys.",
			"The other side speaks TLS 1.2 without extended master secret. Its keys are not tied to the session, and somebody in between can make two sessions share them (RFC 7627).",
			"Use TLS 1.3 or a TLS library with extended master secret on the other side, or do not demand it."},
		{EAPTLSBinding, "The inner authentication of PEAP does not belong to its tunnel.",
			"The compound MAC that ties both together is wrong or missing: somebody carries an authentication out of another tunnel into this one, or the two sides derive keys differently.",
			"Look who is between client and server. A server that cannot do it at all is accepted if crypto binding is not required."},
	}
}
