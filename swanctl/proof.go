package swanctl

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A proof is how a side authenticates.
type proof struct {
	method string   // psk, pubkey or eap
	eap    []string // methods of EAP; none: whatever the other side wants
	radius bool     // RADIUS servers have the methods
	constraints
}

// constraints are what is demanded of signatures, as strongSwan understands it: schemes behind "ike:" are for the signature of the
// peer's own, others for those of its certificates, and for its own as well if there are none behind "ike:".
type constraints struct {
	schemes []string // of signatures in IKE; none: all
	chain   []string // of signatures of certificates; none: all
	keys    []string // of certificates, with the least sizes; none: all
	rsaBits uint64   // the least of these of RSA; 0: no matter
}

// parseProof reads the value of auth.
func parseProof(s string) (proof, error) {
	lower := strings.ToLower(s)
	switch {
	case lower == "psk":
		return proof{method: "psk"}, nil
	case strings.HasPrefix(lower, "xauth"):
		return proof{}, &mistake{"XAuth is of IKEv1, which is not there", "use eap-mschapv2 or another method of EAP"}
	case lower == "eap" || strings.HasPrefix(lower, "eap-") || strings.HasPrefix(lower, "eap:"):
		return parseEAP(lower)
	}
	c, err := parseConstraints(lower)
	return proof{method: "pubkey", constraints: c}, err
}

// parseEAP reads "eap", "eap-tls", "eap:CONSTRAINTS" and "eap-tls:CONSTRAINTS".
func parseEAP(s string) (proof, error) {
	method, demands, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(s, "eap"), "-"), ":")
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
	err := p.demandInside(demands)
	return p, err
}

// demandInside reads what is demanded of the certificates inside of EAP over TLS. Their signatures are not those of IKE.
func (p *proof) demandInside(s string) (err error) {
	if s == "" {
		return nil
	}
	if p.radius || len(p.eap) > 0 && !overTLS(p.eap) {
		return &mistake{"there are no certificates of ours to judge in this method", "leave out what follows the colon"}
	}
	if p.constraints, err = parseConstraints(s); err != nil {
		return err
	}
	if len(p.chain)+len(p.keys) == 0 || strings.Contains(s, "ike:") {
		return &mistake{fmt.Sprintf("%q demands nothing of certificates", s), "name a size or a hash, as in ecdsa-384 or rsa-sha256; ike: is for signatures of IKE alone"}
	}
	p.schemes, p.rsaBits = nil, 0
	return nil
}

// parseConstraints reads kinds of keys with their least sizes and hashes, as "rsa-2048-sha256-ecdsa-256-sha384".
func parseConstraints(s string) (constraints, error) {
	var c constraints
	var ike []string // of words behind "ike:"
	var kinds []string
	kind, behind, fresh := "", false, false // of the last word that names a kind, and whether it was the last word
	for w := range strings.SplitSeq(s, "-") {
		word, prefixed := strings.CutPrefix(w, "ike:")
		switch word {
		case "pubkey", "rsa", "rsa/pss", "ecdsa", "ed25519", "ed448":
			kind, behind, fresh = word, prefixed, true
			kinds = append(kinds, word)
			continue
		case "sha256", "sha384", "sha512", "identity":
			list := &c.chain
			if behind {
				list = &ike
			}
			add(list, schemesOf(kind, word)...)
		case "sha1", "md5", "sha224":
			return c, &mistake{fmt.Sprintf("signatures with %s are not accepted", strings.ToUpper(word)), "name sha256, sha384 or sha512"}
		default:
			if err := c.strength(kind, word, fresh); err != nil {
				return c, wrongProof(s)
			}
		}
		if kind == "" || prefixed {
			return c, wrongProof(s)
		}
		fresh = false
	}
	if c.schemes = ike; len(ike) == 0 {
		c.schemes = slices.Clone(c.chain)
	}
	c.finish(kinds)
	return c, nil
}

// finish completes constraints that name kinds of keys and nothing else, or sizes. Keys of the Edwards curves have one size, so that
// strongSwan lets them pass beside sizes.
func (c *constraints) finish(kinds []string) {
	switch {
	case len(c.keys) > 0:
		c.keys = append(c.keys, "ed25519", "ed448")
	case len(c.schemes) == 0 && !slices.Contains(kinds, "pubkey"):
		for _, k := range kinds {
			c.permit(k)
			if k == "rsa" {
				c.permit("rsa/pss")
			}
		}
	}
}

// permit allows all hashes of a kind of keys.
func (c *constraints) permit(kind string) {
	for _, h := range []string{"sha256", "sha384", "sha512", "identity"} {
		add(&c.schemes, schemesOf(kind, h)...)
	}
}

func wrongProof(s string) error {
	return &mistake{fmt.Sprintf("%q is no way to authenticate", s), "write psk, pubkey, eap-mschapv2, or for example ike:rsa-2048-sha256"}
}

// add appends schemes that are not there yet.
func add(to *[]string, schemes ...string) {
	for _, s := range schemes {
		if !slices.Contains(*to, s) {
			*to = append(*to, s)
		}
	}
}

// errStrength is that of a word which is no size where one may stand.
var errStrength = errors.New("no size of a key")

// strength reads the least size of a kind of keys, which stands right behind it.
func (c *constraints) strength(kind, w string, fresh bool) error {
	n, err := whole(w, 14)
	demand := strings.TrimSuffix(kind, "/pss")
	if err != nil || n == 0 || !fresh || demand != "rsa" && demand != "ecdsa" {
		return errStrength
	}
	const least = 1024
	if demand == "rsa" && (c.rsaBits == 0 || n < c.rsaBits) {
		c.rsaBits = max(n, least)
	}
	add(&c.keys, fmt.Sprintf("%s-%d", demand, n))
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
