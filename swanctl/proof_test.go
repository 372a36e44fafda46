package swanctl

import (
	"slices"
	"strings"
	"testing"

	"culvert/config"
)

// Words behind "ike:" are for the peer's own signature, others for its certificates, and for both if none is behind "ike:". Sizes are
// for all keys of the path, and kinds of which none is given are not for it then.
func TestConstraintsOfSignatures(t *testing.T) {
	for auth, want := range map[string]struct {
		schemes, chain, keys string
		rsaBits              uint64
	}{
		"pubkey":                                  {},
		"ecdsa":                                   {schemes: "ecdsa-sha256 ecdsa-sha384 ecdsa-sha512"},
		"rsa":                                     {schemes: "rsa-sha256 rsa-sha384 rsa-sha512 rsa-pss-sha256 rsa-pss-sha384 rsa-pss-sha512"},
		"pubkey-sha384":                           {schemes: "ecdsa-sha384 rsa-sha384", chain: "ecdsa-sha384 rsa-sha384"},
		"pubkey-sha384-rsa-3072":                  {schemes: "ecdsa-sha384 rsa-sha384", chain: "ecdsa-sha384 rsa-sha384", keys: "rsa-3072 ed25519 ed448", rsaBits: 3072},
		"ecdsa-384-sha384":                        {schemes: "ecdsa-sha384", chain: "ecdsa-sha384", keys: "ecdsa-384 ed25519 ed448"},
		"rsa-4096-ecdsa-256":                      {keys: "rsa-4096 ecdsa-256 ed25519 ed448", rsaBits: 4096},
		"rsa-2048-rsa-1024":                       {keys: "rsa-2048 rsa-1024 ed25519 ed448", rsaBits: 1024},
		"rsa-4096-ecdsa-384-sha384":               {schemes: "ecdsa-sha384", chain: "ecdsa-sha384", keys: "rsa-4096 ecdsa-384 ed25519 ed448", rsaBits: 4096},
		"ike:rsa/pss-sha256":                      {schemes: "rsa-pss-sha256"},
		"ike:pubkey-sha256-identity":              {schemes: "ecdsa-sha256 rsa-sha256 ed25519 ed448"},
		"rsa/pss-2048-sha512":                     {schemes: "rsa-pss-sha512", chain: "rsa-pss-sha512", keys: "rsa-2048 ed25519 ed448", rsaBits: 2048},
		"pubkey-sha256-ike:rsa/pss-sha384":        {schemes: "rsa-pss-sha384", chain: "ecdsa-sha256 rsa-sha256"},
		"ike:rsa-sha256-ecdsa-sha384":             {schemes: "rsa-sha256", chain: "ecdsa-sha384"},
		"PUBKEY-SHA512":                           {schemes: "ecdsa-sha512 rsa-sha512", chain: "ecdsa-sha512 rsa-sha512"},
		"rsa-2048-sha256-ecdsa-256-sha256-sha384": {schemes: "rsa-sha256 ecdsa-sha256 ecdsa-sha384", chain: "rsa-sha256 ecdsa-sha256 ecdsa-sha384", keys: "rsa-2048 ecdsa-256 ed25519 ed448", rsaBits: 2048},
	} {
		p, err := parseProof(auth)
		if err != nil || p.method != "pubkey" {
			t.Errorf("%s: %v", auth, err)
			continue
		}
		if !slices.Equal(p.schemes, strings.Fields(want.schemes)) || !slices.Equal(p.chain, strings.Fields(want.chain)) || !slices.Equal(p.keys, strings.Fields(want.keys)) || p.rsaBits != want.rsaBits {
			t.Errorf("%s: %+v", auth, p.constraints)
		}
	}
	for _, auth := range []string{"rsa-", "2048", "sha256", "pubkey-ike:sha256", "rsa-x", "rsa-0", "rsa-99999", "ed25519-256", "pubkey-sha1", "rsa-2048-3072", "psk-sha256", "rsa-sha256-2048"} {
		if p, err := parseProof(auth); err == nil {
			t.Errorf("%s is %+v", auth, p)
		}
	}
}

// What a remote round demands of the path arrives in the model; a local round has no path to judge.
func TestDemandsOnThePathArrive(t *testing.T) {
	f, _, _, _ := gateway(t, "local {\n auth = ecdsa-384-sha384\n certs = moon.pem\n }\n remote {\n auth = ecdsa-384-sha384\n cert_policy = 1.2.3, 1.2.4\n }")
	c := only(t, f.good(t))
	r := c.Remote
	if len(r.ChainKeys) != 3 || r.ChainKeys[0].String() != "ecdsa-384" || len(r.ChainSigned) != 1 || len(r.Schemes) != 1 || !r.EveryPolicy || len(r.Policies) != 2 {
		t.Errorf("%v, %v, %v, policies %v", r.ChainKeys, r.ChainSigned, r.Schemes, r.Policies)
	}
	if len(c.Local.Schemes) != 1 {
		t.Errorf("we sign with %v", c.Local.Schemes)
	}
}

func TestDemandsOnCertificatesInsideOfEAP(t *testing.T) {
	for auth, want := range map[string][2]string{
		"eap-tls:ecdsa-384-sha384":  {"ecdsa-sha384", "ecdsa-384 ed25519 ed448"},
		"EAP-TTLS:rsa-2048-sha256":  {"rsa-sha256", "rsa-2048 ed25519 ed448"},
		"eap:pubkey-sha512":         {"ecdsa-sha512 rsa-sha512", ""},
		"eap-dynamic:rsa-3072":      {"", "rsa-3072 ed25519 ed448"},
		"eap-tls:":                  {"", ""},
		"eap-peap:ed25519-identity": {"ed25519", ""},
	} {
		p, err := parseProof(auth)
		if err != nil || p.method != "eap" || strings.Join(p.chain, " ") != want[0] || strings.Join(p.keys, " ") != want[1] || len(p.schemes) != 0 || p.rsaBits != 0 {
			t.Errorf("%s: %+v, %v", auth, p, err)
		}
	}
	for _, auth := range []string{"eap-tls:ecdsa", "eap-tls:ike:rsa-sha256", "eap-tls:sha256", "eap-mschapv2:rsa-2048", "eap-radius:rsa-2048", "eap-tls:pubkey-md5"} {
		if p, err := parseProof(auth); err == nil {
			t.Errorf("%s is %+v", auth, p)
		}
	}
}

// On a gateway they are for clients, on a client for the server that has no other proof; a round of ours judges nobody.
func TestDemandsInsideOfEAPArriveInTheBlockTLS(t *testing.T) {
	const demand = "ecdsa-384-sha384"
	server, _, _, _ := gateway(t, "local {\n certs = moon.pem\n }\n remote {\n auth = eap-tls:"+demand+"\n }")
	client, _, _, _ := gateway(t, "remote_addrs = 192.0.2.1\nlocal {\n auth = eap-tls\n certs = moon.pem\n }\n remote {\n auth = eap-tls:"+demand+"\n id = moon.example.org\n }")
	for name, tls := range map[string]config.EAPTLS{"server": only(t, server.good(t)).Remote.EAP.TLS.EAPTLS, "client": only(t, client.good(t)).Local.EAP.TLS.EAPTLS} {
		if len(tls.ChainKeys) != 3 || tls.ChainKeys[0].String() != "ecdsa-384" || len(tls.ChainSigned) != 1 {
			t.Errorf("%s: %v, %v", name, tls.ChainKeys, tls.ChainSigned)
		}
	}
	for rounds, want := range map[string]string{
		"remote_addrs = 192.0.2.1\nlocal {\n auth = eap-tls:" + demand + "\n certs = moon.pem\n }\n remote {\n auth = eap-tls\n id = moon.example.org\n }": "into the remote round",
		"local {\n certs = moon.pem\n }\n remote {\n auth = eap-ttls:" + demand + "\n }":                                                                   "in eap-tls alone",
	} {
		f, _, _, _ := gateway(t, rounds)
		if _, found := f.load(); !strings.Contains(found.String(), want) {
			t.Errorf("want %q, got %v", want, found)
		}
	}
}
