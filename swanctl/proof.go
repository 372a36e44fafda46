package swanctl

import (
	"fmt"
	"slices"
	"strings"
)

// A proof is how a side authenticates.
type proof struct {
	method  string   // psk, pubkey or eap
	eap     []string // methods of EAP; none: whatever the other side wants
	radius  bool     // RADIUS servers have the methods
	schemes []string // of signatures; none: all
	rsaBits uint64   // the least; 0: no matter
	chain   bool     // certificates must be signed with more than SHA-256 as well
}

// parseProof reads the value of auth.
func parseProof(s string) (proof, error) {
	lower := strings.ToLower(s)
	switch {
	case lower == "psk":
		return proof{method: "psk"}, nil
	case strings.HasPrefix(lower, "xauth"):
		return proof{}, &mistake{"XAuth is of IKEv1, which is not there", "use eap-mschapv2 or another method of EAP"}
	case lower == "eap" || strings.HasPrefix(lower, "eap-"):
		return parseEAP(lower)
	}
	rest, ike := strings.CutPrefix(lower, "ike:")
	p, err := parseConstraints(rest)
	p.method = "pubkey"
	p.chain = !ike && strings.Contains(rest, "sha") && !strings.Contains(rest, "sha256")
	return p, err
}

// parseEAP reads "eap", "eap-tls" and "eap-tls:CONSTRAINTS".
func parseEAP(s string) (proof, error) {
	method, constraints, given := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(s, "eap"), "-"), ":")
	if given && constraints != "" {
		return proof{}, &mistake{"constraints of the certificates inside of EAP are not there", "leave out what follows the colon"}
	}
	p := proof{method: "eap"}
	known := map[string][]string{
		"": {}, "mschapv2": {"mschapv2"}, "md5": {"md5"}, "gtc": {"gtc"}, "tls": {"tls"}, "ttls": {"ttls"}, "peap": {"peap"},
		"4": {"md5"}, "6": {"gtc"}, "13": {"tls"}, "21": {"ttls"}, "25": {"peap"}, "26": {"mschapv2"},
		"dynamic": {}, "identity": {}, "radius": {},
	}
	methods, ok := known[method]
	if !ok {
		reason := fmt.Sprintf("EAP-%s is not there", strings.ToUpper(method))
		if method == "aka" || method == "sim" || method == "aka-prime" {
			reason = "the keys of SIMs are no matter of swanctl.conf"
		}
		return proof{}, &mistake{reason, "methods are mschapv2, md5, gtc, tls, ttls, peap and radius; those of SIMs are configured in culvert.hcl"}
	}
	p.eap, p.radius = methods, method == "radius"
	return p, nil
}

// parseConstraints reads kinds of keys with their least sizes and hashes, as "rsa-2048-sha256-ecdsa-256-sha384".
func parseConstraints(s string) (p proof, err error) {
	kind := ""
	var kinds []string
	hashed := map[string]bool{}
	for w := range strings.SplitSeq(s, "-") {
		switch w {
		case "pubkey", "rsa", "rsa/pss", "ecdsa", "ed25519", "ed448":
			kind = w
			kinds = append(kinds, w)
		case "sha256", "sha384", "sha512", "identity":
			if kind == "" {
				return p, wrongProof(s)
			}
			hashed[kind] = true
			p.add(schemesOf(kind, w)...)
		case "sha1", "md5", "sha224":
			return p, &mistake{fmt.Sprintf("signatures with %s are not accepted", strings.ToUpper(w)), "name sha256, sha384 or sha512"}
		default:
			if err := p.strength(kind, w, s); err != nil {
				return p, err
			}
		}
	}
	for _, k := range kinds {
		if k != "pubkey" && !hashed[k] {
			for _, h := range []string{"sha256", "sha384", "sha512", "identity"} {
				p.add(schemesOf(k, h)...)
			}
		}
	}
	return p, nil
}

func wrongProof(s string) error {
	return &mistake{fmt.Sprintf("%q is no way to authenticate", s), "write psk, pubkey, eap-mschapv2, or for example ike:rsa-2048-sha256"}
}

// add appends schemes that are not there yet.
func (p *proof) add(schemes ...string) {
	for _, s := range schemes {
		if !slices.Contains(p.schemes, s) {
			p.schemes = append(p.schemes, s)
		}
	}
}

// strength reads the least size of a kind of keys. Elliptic curves have 256 bits at least here.
func (p *proof) strength(kind, w, all string) error {
	n, err := whole(w, 16)
	switch {
	case err != nil || kind == "" || kind == "pubkey":
		return wrongProof(all)
	case kind == "ecdsa" && n > 256:
		return &mistake{"a least size of elliptic curves above 256 is not there", "name the hash in its place, as in ike:ecdsa-sha384"}
	case kind == "rsa" || kind == "rsa/pss":
		p.rsaBits = max(p.rsaBits, n)
	}
	return nil
}

// schemesOf lists the signatures of a kind of keys with a hash.
func schemesOf(kind, hash string) []string {
	if hash == "identity" {
		switch kind {
		case "pubkey":
			return []string{"ed25519", "ed448"}
		case "ed25519", "ed448":
			return []string{kind}
		}
		return nil
	}
	switch kind {
	case "pubkey":
		return []string{"ecdsa-" + hash, "rsa-" + hash}
	case "rsa":
		return []string{"rsa-" + hash}
	case "rsa/pss":
		return []string{"rsa-pss-" + hash}
	case "ecdsa":
		return []string{"ecdsa-" + hash}
	}
	return nil
}
