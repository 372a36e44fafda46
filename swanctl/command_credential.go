package swanctl

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"culvert/auth"
	"culvert/secret"
	"culvert/swanctl/settings"
)

// certificateKind reads type and flag of load-cert: the words of today, or the older ones that are one word for both.
func certificateKind(request *settings.Section) (CertificateKind, error) {
	kind, flag := request.Text("type"), strings.ToUpper(request.Text("flag"))
	switch strings.ToLower(kind) {
	case "":
		return "", errors.New("certificate type missing")
	case "x509_ac", "x509ac", "x509aa":
		return "", errors.New("attribute certificates are not there: groups are those of users or RADIUS servers")
	case "x509":
		switch flag {
		case "", "NONE":
			return CertEntity, nil
		case "CA":
			return CertAuthority, nil
		case "OCSP":
			return CertOCSP, nil
		case "AA":
			return "", errors.New("attribute certificates are not there: groups are those of users or RADIUS servers")
		}
		return "", fmt.Errorf("invalid certificate flag '%s'", request.Text("flag"))
	case "x509ca":
		return CertAuthority, nil
	case "x509ocsp":
		return CertOCSP, nil
	case "x509_crl", "x509crl":
		return CertCRL, nil
	case "pubkey":
		return CertPublicKey, nil
	}
	return "", fmt.Errorf("invalid certificate type '%s'", kind)
}

// loadCertificate adds a certificate, revocation list or public key. What is there already is not added twice.
func loadCertificate(s Setup, request, _ *settings.Section) (Setup, error) {
	kind, err := certificateKind(request)
	if err != nil {
		return s, err
	}
	data, _ := request.Get("data", settings.Value)
	if len(data.Value) == 0 {
		return s, errors.New("certificate data missing")
	}
	c, err := parseLoaded(kind, data.Value)
	if err != nil {
		return s, err
	}
	if !slices.ContainsFunc(s.Certificates, func(o Certificate) bool { return o.Kind == c.Kind && bytes.Equal(o.DER, c.DER) }) {
		s.Certificates = append(slices.Clip(s.Certificates), c)
	}
	return s, nil
}

func parseLoaded(kind CertificateKind, data []byte) (c Certificate, err error) {
	switch kind {
	case CertCRL:
		_, err = auth.ParseCRLs(data)
		c = Certificate{Kind: kind, DER: data}
	case CertPublicKey:
		c = Certificate{Kind: kind, DER: data}
		c.Key, err = auth.ParsePublicKey(data)
	default:
		certs, wrong := auth.ParseCertificates(data)
		if wrong == nil {
			return loadedCertificate(kind, certs[0], "")
		}
		err = wrong
	}
	if err != nil {
		err = fmt.Errorf("parsing %s certificate failed: %w", strings.ToUpper(string(kind)), err)
	}
	return c, err
}

// loadKey adds a private key, and tells its id.
func loadKey(s Setup, request, reply *settings.Section) (Setup, error) {
	kind := request.Text("type")
	data, _ := request.Get("data", settings.Value)
	switch {
	case kind == "":
		return s, errors.New("key type missing")
	case !slices.Contains([]string{"any", "rsa", "ecdsa", "ed25519", "ed448"}, strings.ToLower(kind)):
		return s, fmt.Errorf("invalid key type: %s", kind)
	case len(data.Value) == 0:
		return s, errors.New("key data missing")
	}
	k, err := NewPrivateKey(secret.Bytes(data.Value))
	if err != nil {
		return s, fmt.Errorf("parsing %s private key failed: %w", strings.ToUpper(kind), err)
	}
	reply.Add("id", k.ID)
	return s.withKey(k), nil
}

func unloadKey(s Setup, request, _ *settings.Section) (Setup, error) {
	id := strings.ToLower(request.Text("id"))
	i := slices.IndexFunc(s.Keys, func(k PrivateKey) bool { return k.ID == id })
	switch {
	case id == "":
		return s, errors.New("key id missing")
	case i < 0:
		return s, errors.New("key not found")
	}
	s.Keys = slices.Delete(slices.Clone(s.Keys), i, i+1)
	return s, nil
}

func getKeys(s Setup, _, reply *settings.Section) (Setup, error) {
	ids := make([]string, len(s.Keys))
	for i, k := range s.Keys {
		ids[i] = k.ID
	}
	reply.AddList("keys", ids...)
	return s, nil
}

// loadToken opens a private key in a token, and tells its id. The PIN goes with the key.
func loadToken(s Setup, request, reply *settings.Section) (Setup, error) {
	if request.Text("handle") == "" {
		return s, errors.New("keyid missing")
	}
	uri, err := tokenURI(request.Text("handle"), request.Text("slot"), request.Text("module"))
	if err != nil {
		return s, fmt.Errorf("loading private key from token failed: handle or slot: %w", err)
	}
	pin, _ := request.Get("pin", settings.Value)
	key, err := s.tokens().OpenToken(uri, secret.Bytes(pin.Value))
	if err != nil {
		return s, fmt.Errorf("loading private key from token failed: %w", err)
	}
	k, err := NewTokenKey(uri, key)
	if err != nil {
		return s, err
	}
	reply.Add("id", k.ID)
	return s.withKey(k), nil
}

// withKey adds a private key, or puts it in the place of the one with its id.
func (s Setup) withKey(k PrivateKey) Setup {
	s.Keys = append(slices.DeleteFunc(slices.Clone(s.Keys), func(o PrivateKey) bool { return o.ID == k.ID }), k)
	return s
}

// loadShared adds a secret, or replaces the one of its id.
func loadShared(s Setup, request, _ *settings.Section) (Setup, error) {
	kind := strings.ToUpper(request.Text("type"))
	data, _ := request.Get("data", settings.Value)
	switch {
	case kind == "":
		return s, errors.New("shared key type missing")
	case kind == "XAUTH":
		kind = "EAP"
	case !slices.Contains([]string{"IKE", "EAP", "NTLM", "PPK"}, kind):
		return s, fmt.Errorf("invalid shared key type: %s", request.Text("type"))
	}
	if len(data.Value) == 0 {
		return s, errors.New("shared key data missing")
	}
	added := Secret{ID: request.Text("id"), Type: kind, Data: secret.Bytes(data.Value), Owners: request.Texts("owners")}
	i := slices.IndexFunc(s.Secrets, func(o Secret) bool { return o.same(added) })
	s.Secrets = slices.Clone(s.Secrets)
	if i < 0 {
		s.Secrets = append(s.Secrets, added)
	} else {
		s.Secrets[i] = added
	}
	return s, nil
}

// same tells whether a secret takes the place of another: by its id, or without one when nothing differs.
func (s Secret) same(o Secret) bool {
	if s.ID != "" || o.ID != "" {
		return s.ID == o.ID
	}
	return s.Type == o.Type && s.Data.Equal(o.Data) && slices.Equal(s.Owners, o.Owners)
}

// unloadShared succeeds for an id that nobody has, as with charon.
func unloadShared(s Setup, request, _ *settings.Section) (Setup, error) {
	id := request.Text("id")
	if id == "" {
		return s, errors.New("unique identifier missing")
	}
	s.Secrets = slices.DeleteFunc(slices.Clone(s.Secrets), func(o Secret) bool { return o.ID == id })
	return s, nil
}

func getShared(s Setup, _, reply *settings.Section) (Setup, error) {
	var ids []string
	for _, o := range s.Secrets {
		if o.ID != "" {
			ids = append(ids, o.ID)
		}
	}
	reply.AddList("keys", ids...)
	return s, nil
}

// clearCredentials drops all that was loaded to prove and to check identities.
func clearCredentials(s Setup, _, _ *settings.Section) (Setup, error) {
	s.Certificates, s.Keys, s.Secrets = nil, nil, nil
	return s, nil
}

// flushCertificates changes no Setup: it is about what was fetched.
func flushCertificates(s Setup, request, _ *settings.Section) (Setup, error) {
	if request.Text("type") == "" {
		return s, nil
	}
	_, err := certificateKind(request)
	return s, err
}

// Merge returns a Setup with all of both: objects of the second take the place of those of the first.
func Merge(a, b Setup) Setup {
	a.Connections = with(a.Connections, b.Connections)
	a.Pools = with(a.Pools, b.Pools)
	a.Authorities = with(a.Authorities, b.Authorities)
	a.Secrets = slices.Clone(a.Secrets)
	for _, o := range b.Secrets {
		if i := slices.IndexFunc(a.Secrets, o.same); i >= 0 {
			a.Secrets[i] = o
			continue
		}
		a.Secrets = append(a.Secrets, o)
	}
	a.Certificates = slices.Concat(a.Certificates, b.Certificates)
	a.Keys = slices.Concat(a.Keys, b.Keys)
	if a.Files == nil {
		a.Files = b.Files
	}
	if a.Tokens == nil {
		a.Tokens = b.Tokens
	}
	return a
}

// Empty tells whether nothing is in the Setup.
func (s *Setup) Empty() bool {
	return len(s.Connections)+len(s.Pools)+len(s.Authorities)+len(s.Certificates)+len(s.Keys)+len(s.Secrets) == 0
}
