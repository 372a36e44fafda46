package swanctl

import (
	"fmt"
	"slices"
	"strings"

	"culvert/explain"
)

// trust writes whose signatures are trusted into a block.
func (r *round) trust(out *block) {
	switch {
	case len(r.public) > 0 && len(r.certs)+len(r.authority) == 0:
		out.set(r.publicAt, "public_key", r.files(r.public))
	case len(r.certs) > 0:
		out.set(r.certsAt, "certificate", r.files(r.certs))
		if len(r.authority) > 0 {
			r.authorities(out)
		}
	case !r.anybody(out):
		return
	}
	r.revoked(out)
	if list := r.policies.texts(); len(list) > 0 {
		out.set(r.policies.origin, "require_policy", listOf(list))
		if len(list) > 1 {
			out.set(r.policies.origin, "require_every_policy", "true")
		}
	}
	r.demand(out)
	if r.ocsp == "request" || r.ocsp == "both" {
		out.set(r.connection.origin, "ocsp_response", `"ask"`)
	}
}

// anybody writes that all are trusted for whom an authority vouches, or whose public keys are loaded. Nothing ties such a key to a name,
// so that it is its owner's only where none is asked for.
func (r *round) anybody(out *block) bool {
	named := r.id != nil && !r.id.IsAny() || len(r.authority) > 0 || r.caID.text() != ""
	known := slices.DeleteFunc(r.setup.of(CertPublicKey), func(c Certificate) bool {
		_, ours := r.setup.KeyOf(c.Key)
		return named || ours
	})
	if len(known) == 0 {
		return r.authorities(out)
	}
	out.set(r.origin, "public_key", r.files(known))
	return !r.rooted() || r.authorities(out)
}

// demand writes what signatures, certificates and keys have to be like.
func (r *round) demand(out *block) {
	if len(r.auth.schemes) > 0 {
		out.set(r.authAt, "signature_schemes", list(r.auth.schemes...))
	}
	if r.auth.rsaBits > 0 {
		out.set(r.authAt, "min_rsa_bits", fmt.Sprint(r.auth.rsaBits))
	}
	r.demandOfPath(out)
}

// demandOfPath writes what every certificate has to be like into a block.
func (r *round) demandOfPath(out *block) {
	if len(r.auth.chain) > 0 {
		out.set(r.authAt, "chain_signatures", list(r.auth.chain...))
	}
	if len(r.auth.keys) > 0 {
		out.set(r.authAt, "chain_keys", list(r.auth.keys...))
	}
}

func listOf(texts []string) string { return list(texts...) }

func (r *round) trustOrigin() origin {
	switch {
	case r.authorAt.path != "":
		return r.authorAt
	case r.caID.path != "":
		return r.caID.origin
	}
	return r.origin
}

// trusted lists the authorities that may vouch for the peer: those that are named, else all that are loaded.
func (r *round) trusted() []Certificate {
	if len(r.authority) > 0 {
		return r.authority
	}
	return r.setup.of(CertAuthority)
}

// passing writes whom a path has to pass, be it loaded or not.
func (r *round) passing(out *block) {
	if r.caID.text() == "" {
		return
	}
	id, err := identity(r.caID.text())
	if err != nil {
		r.invalid(r.caID, err)
		return
	}
	out.set(r.caID.origin, "via_id", quote(id.String()))
}

// anchors are the authorities at which a path to the peer may end: those that sign themselves, alone. Where others are named it has to
// pass one that is named, via.
func (r *round) anchors() (roots, via []Certificate) {
	named := r.trusted()
	for _, c := range append(r.setup.of(CertAuthority), named...) {
		if isRoot(c.X509) && !slices.ContainsFunc(roots, func(o Certificate) bool { return o.X509.Equal(c.X509) }) {
			roots = append(roots, c)
		}
	}
	below := slices.ContainsFunc(named, func(c Certificate) bool { return !isRoot(c.X509) })
	switch {
	case len(r.authority) == 0:
		return roots, nil
	case below:
		return roots, named
	}
	return named, nil
}

// authorities writes who may vouch for the peer, and by way of whom, and reports whether there is anybody.
func (r *round) authorities(out *block) bool {
	roots, via := r.anchors()
	if len(roots) == 0 {
		r.warn(r.origin, explain.ConfigReference, "no authority is loaded that could vouch for the peer: one that signs itself", "load it, beside those below it")
		return false
	}
	out.set(r.trustOrigin(), "ca", r.files(roots))
	if len(via) > 0 {
		out.set(r.trustOrigin(), "via", r.files(via))
	}
	r.passing(out)
	r.intermediates(out, slices.Concat(roots, via))
	return true
}

// rooted reports whether an authority is there that signs itself.
func (r *round) rooted() bool {
	return slices.ContainsFunc(slices.Concat(r.setup.of(CertAuthority), r.authority), func(c Certificate) bool { return isRoot(c.X509) })
}

// intermediates writes the other authorities that may stand between a peer and those that are trusted.
func (r *round) intermediates(out *block, cas []Certificate) {
	var others []Certificate
	for _, c := range r.setup.of(CertAuthority) {
		known := slices.ContainsFunc(cas, func(ca Certificate) bool { return ca.X509.Equal(c.X509) })
		if !known && !isRoot(c.X509) {
			others = append(others, c)
		}
	}
	if len(others) > 0 {
		out.set(r.origin, "intermediate", r.files(others))
	}
}

// revoked writes what is known of revoked certificates.
func (r *round) revoked(out *block) {
	if r.revocation.text() != "" {
		out.set(r.revocation.origin, "revocation", quote(strings.ToLower(r.revocation.text())))
	}
	if crls := r.setup.of(CertCRL); len(crls) > 0 {
		out.set(r.origin, "crl", r.files(crls))
	}
	if signers := r.setup.of(CertOCSP); len(signers) > 0 && out == r.out {
		out.set(r.origin, "ocsp_signer", r.files(signers))
	}
}

// files writes where certificates are.
func (r *round) files(certs []Certificate) string {
	names := make([]string, len(certs))
	for i, c := range certs {
		names[i] = r.where.certificate(c)
	}
	return "[" + strings.Join(names, ", ") + "]"
}
