package service

import (
	"crypto/x509"

	"culvert/auth"
	"culvert/auth/revocation"
	"culvert/config"
	"culvert/eap"
	"culvert/swanctl/settings"
)

// localRound appends the keys of a round of our authentication. What charon holds once comes in the reverse of the order in which
// configurations have it.
func localRound(m *settings.Section, r *config.LocalRound) {
	if r.EAP.Present() {
		optional(m, "eap_id", r.EAP.Identity)
	}
	identity(m, "id", r.ID)
	if r.EAP.Present() {
		eapType(m, r.EAP.Methods)
	}
	m.Add("class", class(r.Auth))
	certificates(m, nil, nil, ownCertificates(r), nil)
}

// ownCertificates are those that peers may get, without the authorities above them.
func ownCertificates(r *config.LocalRound) (list []config.CertificateFile) {
	for _, c := range r.Credentials() {
		if len(c.Certificates) > 0 {
			list = append(list, config.CertificateFile{Certificates: c.Certificates[0].Certificates[:1]})
		}
	}
	return list
}

// remoteRound appends the keys of a round that we demand of the peer.
func remoteRound(m *settings.Section, r *config.RemoteRound) {
	if r.EAP.Present() {
		askedIdentity(m, &r.EAP)
	}
	identity(m, "id", r.ID)
	switch {
	case r.EAP.RADIUS != "":
		m.Add("eap-type", "EAP_RADIUS")
	case r.EAP.Present():
		eapType(m, r.EAP.Methods)
	}
	m.Add("class", class(r.Auth))
	if r.Auth == auth.MethodPublicKey {
		revoked(m, r.Revocation)
	}
	certificates(m, r.Groups, r.Policies, r.Pinned, r.CAs)
}

// askedIdentity appends which EAP identity a peer is to have. Any will do where it is asked for one and none is written.
func askedIdentity(m *settings.Section, e *config.RemoteEAP) {
	switch {
	case !e.Identity.IsAny():
		m.Add("eap_id", e.Identity.String())
	case e.AskIdentity:
		m.Add("eap_id", anyAddress)
	}
}

func identity(m *settings.Section, key string, id auth.Identity) {
	if !id.IsAny() {
		m.Add(key, printed(id))
	}
}

func optional(m *settings.Section, key, value string) {
	if value != "" {
		m.Add(key, value)
	}
}

func eapType(m *settings.Section, methods []eap.Type) {
	if len(methods) == 1 {
		m.Add("eap-type", eapName(methods[0]))
		return
	}
	m.Add("eap-type", "EAP_DYNAMIC")
}

func eapName(t eap.Type) string {
	switch t {
	case eap.TypeMD5Challenge:
		return "EAP_MD5"
	case eap.TypeGTC:
		return "EAP_GTC"
	case eap.TypeTLS:
		return "EAP_TLS"
	case eap.TypeTTLS:
		return "EAP_TTLS"
	case eap.TypeAKA:
		return "EAP_AKA"
	case eap.TypePEAP:
		return "EAP_PEAP"
	case eap.TypeMSCHAPv2:
		return "EAP_MSCHAPV2"
	}
	return "(" + number(uint32(t)) + ")"
}

func class(m auth.Method) string {
	switch m {
	case auth.MethodPSK:
		return "pre-shared key"
	case auth.MethodPublicKey:
		return "public key"
	case auth.MethodEAP:
		return "EAP"
	}
	return "any"
}

// revoked appends how much must be known about revocation, unless that is little.
func revoked(m *settings.Section, p revocation.Policy) {
	switch p {
	case revocation.Strict:
		m.Add("revocation", "GOOD")
	case revocation.IfURI:
		m.Add("revocation", "SKIPPED")
	}
}

// certificates appends the lists that are always there.
func certificates(m *settings.Section, groups, policies []string, certs, cas []config.CertificateFile) {
	m.AddList("groups", groups...).AddList("cert_policy", policies...).AddList("certs", subjects(certs)...).AddList("cacerts", subjects(cas)...)
}

func subjects(files []config.CertificateFile) []string {
	var names []string
	for _, f := range files {
		for _, c := range f.Certificates {
			names = append(names, subject(c))
		}
	}
	return names
}

func subject(c *x509.Certificate) string { return distinguishedName(c.RawSubject) }
