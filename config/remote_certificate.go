package config

import (
	"crypto/x509"
	"strings"
	"time"

	"culvert/auth"
	"culvert/auth/chain"
	"culvert/auth/revocation"
)

// OCSP is what is asked and believed about the revocation of a peer's certificate by OCSP.
type OCSP struct {
	Response   auth.OCSPRule
	Responders []CertificateFile
	Nonce      revocation.Nonce
	MaxAge     time.Duration // 0: as long as the answer says
}

// certificateOptions are the options of a remote about what a certificate must be beyond leading to a CA.
func (r *RemoteRound) certificateOptions() []option {
	return append(r.PathDemands.options("the peer's path"), []option{
		{name: "require_every_policy", slot: one(&r.EveryPolicy, boolean()), aka: "remote.cert_policy",
			doc: "The path must be issued under each of the policies, as strongSwan demands."},
		{name: "require_policy", slot: many(&r.Policies, policyOID()), rfc: "RFC 5280, Section 6.1", aka: "remote.cert_policy",
			doc: "Certificate policies, as `1.3.6.1.4.1.32473.1`. The path of the peer's certificate must be issued under one of them."},
		{name: "ocsp_response", slot: one(&r.OCSP.Response, choice("rule", value("off", auth.OCSPOff), value("ask", auth.OCSPAsk), value("require", auth.OCSPRequire))),
			computed: "ask with revocation ifuri or strict, otherwise off", rfc: "RFC 4806", aka: "ocsp",
			doc: "Whether the peer is asked to send an OCSP answer about its certificate along: `ask`, or `require`, which refuses a peer that sends no good one."},
		{name: "ocsp_signer", slot: many(&r.OCSP.Responders, certificateFile()), rfc: "RFC 6960, Section 4.2.2.2; RFC 4806, Section 3.1", aka: "authorities.cacert",
			doc: "Files with certificates of OCSP responders that are believed, on top of the CA and of those that it has named."},
		{name: "ocsp_nonce", slot: one(&r.OCSP.Nonce, choice("rule", value("try", revocation.NonceTry), value("require", revocation.NonceRequire), value("off", revocation.NonceOff))),
			rfc: "RFC 9654", aka: "charon.plugins.revocation.ocsp_nonce",
			doc: "Nonces that prove an OCSP answer to be new. `try`: sent, and checked if the answer has one; `require`: it must have one, so only servers that are asked count; `off`: not sent."},
		{name: "ocsp_max_age", slot: one(&r.OCSP.MaxAge, duration(0, 365*24*time.Hour)), rfc: "RFC 4806, Section 6",
			doc: "The oldest OCSP answer that is believed. `0s`: as old as it says itself."},
		{name: "certificate_hosts", slot: many(&r.Hosts, webHost()), rfc: "RFC 7296, Section 3.6", aka: "charon.hash_and_url",
			doc: "Hosts, as `certs.example.org` or `192.0.2.1:8080`, from which certificates are fetched that a peer names by hash and URL. Who names them is not authenticated yet. Empty: they are refused."},
	}...)
}

// finishRevocation computes what depends on the revocation policy and refuses what it makes useless.
func (r *RemoteRound) finishRevocation(d *decoder) {
	if !r.Given("ocsp_response") && (r.Revocation == revocation.IfURI || r.Revocation == revocation.Strict) && r.OCSP.Nonce != revocation.NonceRequire {
		r.OCSP.Response = auth.OCSPAsk
	}
	useless := r.first("crl", "ocsp_signer", "ocsp_nonce", "ocsp_max_age")
	switch {
	case r.Revocation == revocation.Off && useless != "":
		d.contradiction(&r.Origin, useless, `revocation = "off" never looks into it`)
	case r.Revocation == revocation.Off && r.OCSP.Response != auth.OCSPOff:
		d.contradiction(&r.Origin, "ocsp_response", `revocation = "off" never looks into the answer`)
	case r.OCSP.Nonce == revocation.NonceRequire && r.OCSP.Response != auth.OCSPOff:
		d.contradiction(&r.Origin, "ocsp_response", `an answer that the peer sends has no nonce of ours, and ocsp_nonce = "require" does not believe it`)
	}
}

// keyDemand reads a kind of keys with the least size.
func keyDemand() reader[chain.KeyDemand] {
	return textual("kind of key", `a kind of key such as "rsa-3072", "ecdsa-384" or "ed25519"`, func(s string) (chain.KeyDemand, error) {
		k, err := chain.ParseKeyDemand(s)
		if err != nil {
			return k, &mistake{message: printable(err.Error())}
		}
		return k, nil
	}, chain.KeyDemand.String)
}

// policyOID reads the object identifier of a certificate policy.
func policyOID() reader[string] {
	return textual("object identifier", `numbers such as "1.3.6.1.4.1.32473.1"`, func(s string) (string, error) {
		oid, err := x509.ParseOID(s)
		if err != nil {
			return "", &mistake{message: quote(printable(s)) + " is no object identifier"}
		}
		return oid.String(), nil
	}, func(s string) string { return s })
}

// webHost reads a host of http, with or without a port.
func webHost() reader[string] {
	return textual("host", `a host such as "certs.example.org" or "192.0.2.1:8080"`, func(s string) (string, error) {
		name, port, found := strings.Cut(s, ":")
		if found && !isPort(port) {
			return "", &mistake{message: quote(printable(s)) + " has no good port"}
		}
		h, err := parseHost(name)
		switch {
		case err != nil:
			return "", err
		case h.Name == "" && !h.Prefix.IsSingleIP():
			return "", &mistake{message: quote(printable(s)) + " is not one host"}
		case found:
			return h.String() + ":" + port, nil
		}
		return h.String(), nil
	}, func(s string) string { return s })
}
