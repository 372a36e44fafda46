package swanctl

import (
	"fmt"
	"slices"

	"culvert/auth"
	"culvert/explain"
	"culvert/wire"
)

// finishLocal writes how we authenticate.
func (r *round) finishLocal() {
	switch r.auth.method {
	case "pubkey":
		r.prove(r.out)
		if len(r.auth.schemes) > 0 {
			r.out.set(r.authAt, "signature_schemes", list(r.auth.schemes...))
		}
		switch r.sendCert {
		case "ifasked":
			r.out.set(r.connection.origin, "send_certificate", quote("if_asked"))
		case "never", "no":
			r.out.set(r.connection.origin, "send_certificate", "false")
		}
		if r.ocsp == "request" || r.ocsp == "never" {
			r.out.set(r.connection.origin, "show_ocsp", "false")
		}
	case "eap":
		if len(r.auth.chain)+len(r.auth.keys) > 0 {
			r.unsupported(r.authAt, "what follows the colon is about the certificates of the other side", "write it into the remote round, as in remote { auth = eap-tls:ecdsa-384-sha384 }")
		}
		r.assumeSubject()
		r.finishClient()
	}
	if r.aaaID.path != "" && r.auth.method != "eap" {
		r.unsupported(r.aaaID.origin, "aaa_id is for rounds of EAP", "leave it out, or set auth to a method of EAP")
	}
}

// assumeSubject has the subject of our certificate be our identity towards EAP, if the round names none. (Towards signatures the
// connection does so by itself.)
func (r *round) assumeSubject() {
	if r.id != nil && !r.id.IsAny() || len(r.certs) == 0 || len(r.certs[0].X509.Subject.Names) == 0 {
		return
	}
	id := auth.Identity{Type: wire.IDDERASN1DN, Data: string(r.certs[0].X509.RawSubject)}
	r.id = &id
	r.out.set(r.certsAt, "id", quote(id.String()))
}

// prove writes the candidates whose key is loaded into a block, the first as its own and the others as alternatives for peers that
// ask for them. Keys may come later; until the first nobody can be convinced.
func (r *round) prove(out *block) {
	proven := 0
	for _, c := range r.candidates() {
		key, ok := r.setup.KeyOf(c.Key)
		if !ok {
			continue
		}
		to := out
		if proven++; proven > 1 {
			to = out.open(r.certsOrigin(), "alternative", fmt.Sprint(proven))
		}
		to.set(r.certsOrigin(), "key", r.where.key(key))
		if c.Kind == CertEntity {
			to.set(r.certsOrigin(), "certificate", r.files(append([]Certificate{c}, r.setup.issuers(c.X509)...)))
		}
		if out.kind == "tls" {
			return // EAP shows one
		}
	}
	if proven == 0 {
		r.warn(r.certsOrigin(), explain.ConfigReference, "no private key is loaded for this side", "load it: until then we cannot authenticate")
	}
}

// proves tells whether a certificate of ours is there with its key.
func (r *round) proves() bool {
	return slices.ContainsFunc(r.candidates(), func(c Certificate) bool {
		_, ok := r.setup.KeyOf(c.Key)
		return ok && c.Kind == CertEntity
	})
}

// candidates are the certificates that are named, the raw public keys, or those of our identity.
func (r *round) candidates() []Certificate {
	if named := append(slices.Clone(r.certs), r.public...); len(named) > 0 {
		return named
	}
	if r.id == nil || r.id.IsAny() {
		return nil
	}
	return slices.DeleteFunc(r.setup.of(CertEntity), func(c Certificate) bool { return !auth.Confirms(c.X509, *r.id) })
}

func (r *round) certsOrigin() origin {
	switch {
	case r.certsAt.path != "":
		return r.certsAt
	case r.publicAt.path != "":
		return r.publicAt
	}
	return r.origin
}

// finishClient writes the EAP of a client.
func (r *round) finishClient() {
	e := r.out.open(r.authOrigin(), "eap", "")
	if r.auth.radius {
		r.unsupported(r.authAt, "eap-radius is for remote rounds", "name the method that the server wants, or write eap")
	}
	methods := r.auth.eap
	name := r.clientName()
	password, found := r.password(name)
	if len(methods) == 0 {
		if methods = []string{"mschapv2", "md5", "gtc"}; len(r.certs) > 0 {
			methods = append([]string{"tls"}, methods...)
		}
		methods = append(r.mutual(), methods...)
	}
	e.set(r.authOrigin(), "methods", list(methods...))
	if r.eapID.text() != "" {
		e.set(r.eapID.origin, "identity", quote(plainName(r.eapID.text())))
	}
	switch {
	case found:
		e.set(r.authOrigin(), "password", r.where.password(password))
	case slices.ContainsFunc(methods, func(m string) bool { return m != "tls" }):
		r.warn(r.authOrigin(), explain.ConfigReference, fmt.Sprintf("there is no secret eap for %q", name), "load it: until then we cannot authenticate")
	}
	r.finishClientTLS(e, methods)
}

// mutual are the methods by which the server proves itself as well (RFC 5998).
func (r *round) mutual() []string {
	theirs := r.remotes[0].auth
	return slices.DeleteFunc(slices.Clone(theirs.eap), func(m string) bool { return m == "tls" || !overTLS([]string{m}) })
}

// finishClientTLS writes what methods over TLS need.
func (r *round) finishClientTLS(e *block, methods []string) {
	if !overTLS(methods) {
		return
	}
	tls := e.open(r.authOrigin(), "tls", "")
	if slices.Contains(methods, "tls") {
		r.prove(tls)
	}
	if tunnelled(methods) {
		tls.set(r.authOrigin(), "inner", quote("eap"))
	}
	if r.aaaID.text() != "" {
		tls.set(r.aaaID.origin, "server_name", quote(r.aaaID.text()))
	}
	peer := r.remotes[0]
	if peer.auth.method != "pubkey" {
		peer.authorities(tls)
	}
	peer.revoked(tls)
	if peer.auth.method == "eap" {
		peer.demandOfPath(tls)
	}
}

func overTLS(methods []string) bool { return tunnelled(methods) || slices.Contains(methods, "tls") }

// tunnelled tells whether a method has another one inside: with strongSwan always one of EAP, MD5 unless strongswan.conf says otherwise.
func tunnelled(methods []string) bool {
	return slices.Contains(methods, "ttls") || slices.Contains(methods, "peap")
}

// clientName is how we call ourselves inside of EAP.
func (r *round) clientName() string {
	switch {
	case r.eapID.text() != "":
		return plainName(r.eapID.text())
	case r.id != nil:
		return plainName(r.id.String())
	}
	return ""
}

// finishServer writes the EAP of a gateway.
func (r *round) finishServer() {
	e := r.out.open(r.authOrigin(), "eap", "")
	switch {
	case r.auth.radius:
		e.set(r.authOrigin(), "radius", quote(radiusGroup))
	default:
		r.finishAccounts(e)
	}
	if r.eapID.text() == "" {
		e.set(r.authOrigin(), "ask_identity", "false")
		return
	}
	id, err := identity(r.eapID.text())
	if err != nil {
		r.invalid(r.eapID, err)
		return
	}
	if !id.IsAny() {
		e.set(r.eapID.origin, "identity", quote(id.String()))
	}
}

// radiusGroup is the block radius of the main configuration that eap-radius means.
const radiusGroup = "eap-radius"

// offered returns the methods of a gateway. Where none is named it offers all that it has the means for.
func (r *round) offered() []string {
	switch {
	case len(r.auth.eap) > 0:
		return r.auth.eap
	case r.locals[0].proves() && r.rooted():
		return []string{"mschapv2", "md5", "tls"}
	}
	return []string{"mschapv2", "md5"}
}

// finishAccounts has the secrets eap be the accounts of a round.
func (r *round) finishAccounts(e *block) {
	methods := r.offered()
	if len(r.auth.chain)+len(r.auth.keys) > 0 && !slices.Contains(methods, "tls") {
		r.unsupported(r.authAt, "clients show certificates in eap-tls alone", "leave out what follows the colon, or write eap-tls, and load a certificate authority")
	}
	e.set(r.authOrigin(), "methods", list(methods...))
	if !slices.Equal(methods, []string{"tls"}) {
		e.set(r.authOrigin(), "users", quote(accounts))
		if !r.useAccounts(r.authOrigin()) {
			r.warn(r.authOrigin(), explain.ConfigReference, "there is no secret eap, so nobody can log in", "load some")
		}
	}
	if !overTLS(methods) {
		return
	}
	tls := e.open(r.authOrigin(), "tls", "")
	if r.locals[0].auth.method != "pubkey" {
		r.locals[0].prove(tls)
	}
	if tunnelled(methods) {
		tls.set(r.authOrigin(), "inner", list("mschapv2", "md5", "gtc", "pap"))
	}
	if slices.Contains(methods, "tls") {
		r.authorities(tls)
		tls.set(r.authOrigin(), "any_certificate", "true")
		r.demandOfPath(tls)
	}
	r.revoked(tls)
}
