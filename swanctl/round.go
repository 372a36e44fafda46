package swanctl

import (
	"fmt"

	"culvert/auth"
	"culvert/explain"
	"culvert/swanctl/settings"
)

// A round is one of the authentication of a side.
type round struct {
	*connection
	origin
	out    *block
	side   string
	local  bool
	number uint64

	auth       proof
	authAt     origin
	id         *auth.Identity
	idAt       origin
	certs      []Certificate
	certsAt    origin
	authority  []Certificate
	authorAt   origin
	public     []Certificate
	publicAt   origin
	eapID      value
	aaaID      value
	caID       value
	groups     value
	policies   value
	revocation value
}

// roundRows are the keys of a round. Those that say what is demanded of a peer are for remote rounds.
func roundRows(local bool) []row[*round] {
	rows := []row[*round]{
		{Key{"round", Scalar, Implemented, "Rounds are sorted by it.", ""}, (*round).setNumber},
		{Key{"auth", Scalar, Implemented, "`auth`, `signature_schemes` and `eap.methods`; of a remote round also `min_rsa_bits`, `chain_keys` and `chain_signatures`, in the block `tls` of `eap` for what follows a colon, as in `eap-tls:ecdsa-384-sha384`. Where there are hashes, words without one allow nothing, as in strongSwan. XAuth is refused: it is of IKEv1.", ""}, (*round).setAuth},
		{Key{"id", Scalar, Implemented, "`id`. Of a remote round also regular expressions as `fqdn:^gw[0-9]+\\.example\\.org$`, which strongSwan has since 6.0.", ""}, (*round).setID},
		{Key{"eap_id", Scalar, Implemented, "`eap.identity`; of a remote round `eap.ask_identity` as well, which is false without it.", ""}, func(r *round, v value) error { r.eapID = v; return nil }},
		{Key{"xauth_id", Scalar, NoEffect, "IKEv1 only.", ""}, nil},
		{Key{"certs", Files, Implemented, "`certificate`: of a local round those with a private key that is loaded, each with the authorities above it. The first is the round's own, the others are `alternative` blocks for peers that ask for them.", ""}, (*round).setCertificates},
		{Key{"cert*", Block, Implemented, "As `certs`, by its file, or in a token by its handle.", ""}, (*round).setCertificate},
		{Key{"pubkeys", Files, Implemented, "`key` of a local round, `public_key` of a remote one. A remote round that names nothing and nobody trusts every public key that is loaded; the peer is named by the hash of its key then.", ""}, (*round).setPublicKeys},
	}
	if local {
		return append(rows,
			row[*round]{Key{"aaa_id", Scalar, Implemented, "`eap.tls.server_name`.", ""}, func(r *round, v value) error { r.aaaID = v; return nil }})
	}
	return append(rows,
		row[*round]{Key{"cacerts", Files, Implemented, "`ca`, and `via` for authorities that do not sign themselves, for which the root has to be loaded as well; without it and without `certs`, all roots that are loaded.", ""}, (*round).setAuthorities},
		row[*round]{Key{"cacert*", Block, Implemented, "As `cacerts`, by its file, or in a token by its handle.", ""}, (*round).setAuthority},
		row[*round]{Key{"ca_id", Scalar, Implemented, "`via_id`: all roots that are loaded are trusted, for peers with an authority of this identity above them, which they may send themselves.", "5.9.7"}, func(r *round, v value) error { r.caID = v; return nil }},
		row[*round]{Key{"groups", Several, Implemented, "`groups`, which users and RADIUS servers know. Attribute certificates are not there.", ""}, func(r *round, v value) error { r.groups = v; return nil }},
		row[*round]{Key{"cert_policy", Several, Implemented, "`require_policy`, and of several each: `require_every_policy`.", ""}, func(r *round, v value) error { r.policies = v; return nil }},
		row[*round]{Key{"revocation", Scalar, Implemented, "`revocation`.", ""}, (*round).setRevocation})
}

func (r *round) setNumber(v value) (err error) {
	r.number, err = whole(v.text(), 32)
	return err
}

func (r *round) setAuth(v value) (err error) {
	r.authAt = v.origin
	r.auth, err = parseProof(v.text())
	return err
}

func (r *round) setID(v value) error {
	id, err := identity(v.text())
	if err == nil && r.local && id.IsExpression() {
		return &mistake{"regular expressions are for remote rounds: ours is one identity", "write who we are"}
	}
	r.id, r.idAt = &id, v.origin
	return err
}

func (r *round) setRevocation(v value) error {
	r.revocation = v
	_, err := word(v.text(), "strict", "ifuri", "relaxed")
	return err
}

func (r *round) setCertificates(v value) error {
	r.certsAt = v.origin
	return r.readAll(v, &r.certs, CertEntity)
}

func (r *round) setAuthorities(v value) error {
	r.authorAt = v.origin
	return r.readAll(v, &r.authority, CertAuthority)
}

func (r *round) setPublicKeys(v value) error {
	r.publicAt = v.origin
	for i, blob := range v.item.List {
		pub, err := auth.ParsePublicKey(blob)
		if err != nil {
			return &mistake{"no public key: " + err.Error(), ""}
		}
		r.public = append(r.public, Certificate{Kind: CertPublicKey, DER: blob, Key: pub, Path: fileOf(v.item, i)})
	}
	return nil
}

// readAll reads the certificates of a list.
func (r *round) readAll(v value, to *[]Certificate, kind CertificateKind) error {
	for i, blob := range v.item.List {
		c, err := r.certificate(kind, blob, fileOf(v.item, i))
		if err != nil {
			return err
		}
		*to = append(*to, c)
	}
	return nil
}

// fileOf returns where an element of a list comes from.
func fileOf(i settings.Item, n int) string {
	if n < len(i.Files) {
		return i.Files[n]
	}
	return ""
}

func (r *round) setCertificate(v value) error {
	r.certsAt = v.origin
	return r.readOne(v, &r.certs, CertEntity)
}

func (r *round) setAuthority(v value) error {
	r.authorAt = v.origin
	return r.readOne(v, &r.authority, CertAuthority)
}

// sourceRows are the keys of a section that names a certificate.
func sourceRows() []row[*source] {
	file := row[*source]{Key{"file", Scalar, Implemented, "The file, which the daemon reads.", ""}, func(s *source, v value) error { s.file = v; return nil }}
	return append([]row[*source]{file}, tokenRows[*source]("certificate")...)
}

// A source is where a certificate is.
type source struct {
	file value
	tokenObject
}

// readOne reads the certificate that a section names.
func (r *round) readOne(v value, to *[]Certificate, kind CertificateKind) error {
	s, before := new(source), len(r.findings)
	walk(r.translation, sourceRows(), s, v.origin, v.item.Section)
	if len(r.findings) > before {
		return nil
	}
	c, err := s.certificate(r.translation, kind)
	*to = append(*to, c)
	return err
}

// certificate reads it from where it is.
func (s *source) certificate(t *translation, kind CertificateKind) (Certificate, error) {
	file := s.file.text()
	switch {
	case file != "" && s.given():
		return Certificate{}, &mistake{"handle and file path given", "give one of them"}
	case s.given():
		return t.tokenCertificate(kind, &s.tokenObject)
	case file == "":
		return Certificate{}, &mistake{"handle or file path missing", "name a file, or a certificate in a token by its handle"}
	}
	data, err := t.setup.read(file)
	if err != nil {
		return Certificate{}, &mistake{fmt.Sprintf("%s: %v", file, err), ""}
	}
	return t.certificate(kind, data, file)
}

// finish writes what the round comes to.
func (r *round) finish() {
	if r.auth.method == "" {
		r.auth.method = r.guess()
	}
	r.out.set(r.authOrigin(), "auth", quote(r.auth.method))
	if r.id != nil && !r.id.IsAny() {
		r.out.set(r.idAt, "id", quote(r.id.String()))
	}
	if r.eapID.text() != "" && r.auth.method != "eap" {
		r.unsupported(r.eapID.origin, "eap_id is for rounds of EAP", "leave it out, or set auth to a method of EAP")
	}
	if r.local {
		r.finishLocal()
	} else {
		r.finishRemote()
	}
}

func (r *round) authOrigin() origin {
	if r.authAt.path != "" {
		return r.authAt
	}
	return r.origin
}

// guess returns how a side authenticates that does not say it. A peer may do it as we do, as strongSwan would let it.
func (r *round) guess() string {
	if r.local || len(r.certs)+len(r.authority)+len(r.public) > 0 || r.caID.text() != "" || len(r.policies.texts()) > 0 {
		return "pubkey"
	}
	for _, l := range r.locals {
		if l.auth.method == "psk" {
			r.warn(r.origin, explain.ConfigUnused, "auth is not given: the peer authenticates with a secret, as we do", "write auth = psk")
			return "psk"
		}
	}
	return "pubkey"
}

// finishRemote writes what is demanded of a peer.
func (r *round) finishRemote() {
	if len(r.groups.texts()) > 0 {
		r.out.set(r.groups.origin, "groups", list(r.groups.texts()...))
	}
	switch r.auth.method {
	case "pubkey":
		r.trust(r.out)
	case "eap":
		r.finishServer()
	}
	if r.auth.method != "pubkey" {
		for _, v := range []value{r.policies, r.caID} {
			if v.path != "" && r.auth.method != "eap" {
				r.unsupported(v.origin, "it is about certificates, and the peer authenticates otherwise", "leave it out, or set auth = pubkey")
			}
		}
	}
}
