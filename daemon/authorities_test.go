package daemon

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"slices"
	"testing"
	"testing/fstest"

	"culvert/auth"
	"culvert/config"
	"culvert/eap/eaptest"
	"culvert/explain"
)

// below makes an authority below another one.
func (ca *testCA) below(name string) *testCA {
	ca.Helper()
	sub := &testCA{TB: ca.TB, key: ca.newKey()}
	sub.cert = ca.sign(&x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}, ca.cert, sub.key)
	return sub
}

// revoke is a revocation list with a certificate in it.
func (ca *testCA) revoke(cert *x509.Certificate) []byte {
	ca.Helper()
	now := eaptest.Session("").Now
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: now.AddDate(0, 0, -1), NextUpdate: now.AddDate(0, 0, 1),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: cert.SerialNumber, RevocationTime: now.AddDate(0, 0, -1)}}}, ca.cert, ca.key)
	if err != nil {
		ca.Fatal(err)
	}
	return pemBlock("X509 CRL", der)
}

// tiers are a root in ca.pem, an authority below it in sub.pem, which root.crl revokes, both of them in bundle.pem, and certificates of the
// lower one for a gateway and carol.
func tiers(t *testing.T) fstest.MapFS {
	t.Helper()
	root := newTestCA(t)
	sub := root.below("Sub CA")
	files := fstest.MapFS{"ca.pem": {Data: root.pem()}, "sub.pem": {Data: sub.pem()}, "root.crl": {Data: root.revoke(sub.cert)},
		"bundle.pem": {Data: slices.Concat(root.pem(), sub.pem())}}
	sub.issue(files, "gw", x509.Certificate{DNSNames: []string{"gw.example.org"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	sub.issue(files, "carol", x509.Certificate{Subject: pkix.Name{CommonName: "carol"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return files
}

// EAP over TLS trusts authorities below others on both sides as IKE does: those of intermediate can be revoked, those of ca are trusted
// as they are, in a file with others as well.
func TestIntermediatesOfEAPOverTLSCanBeRevoked(t *testing.T) {
	files := tiers(t)
	for _, tt := range []struct {
		name, client, server       string // who is trusted
		wantOfClient, wantOfServer explain.Code
	}{
		{"neither revoked", `intermediate = "sub.pem"`, `intermediate = "sub.pem"`, "", ""},
		{"not known", ``, `intermediate = "sub.pem"`, explain.AuthCertUntrusted, explain.EAPTLSAlert},
		{"the server's", "intermediate = \"sub.pem\"\ncrl = \"root.crl\"", `intermediate = "sub.pem"`, explain.AuthCertRevoked, explain.EAPTLSAlert},
		{"the client's", `intermediate = "sub.pem"`, "intermediate = \"sub.pem\"\ncrl = \"root.crl\"", explain.EAPTLSAlert, explain.AuthCertRevoked},
		{"both are anchors", "crl = \"root.crl\"", "crl = \"root.crl\"", "", ""},
		{"named", `via = "sub.pem"`, `via = "sub.pem"`, "", ""},
		{"as demanded", "intermediate = \"sub.pem\"\nchain_keys = [\"ecdsa-256\"]", "intermediate = \"sub.pem\"\nchain_signatures = [\"ecdsa-sha256\"]", "", ""},
		{"the server's are too weak", "intermediate = \"sub.pem\"\nchain_keys = [\"ecdsa-384\"]", `intermediate = "sub.pem"`, explain.AuthCertStrength, explain.EAPTLSAlert},
		{"the client's are signed otherwise", `intermediate = "sub.pem"`, "intermediate = \"sub.pem\"\nchain_signatures = [\"ecdsa-sha384\"]", explain.EAPTLSAlert, explain.AuthCertStrength},
	} {
		t.Run(tt.name, func(t *testing.T) {
			words := []string{"METHOD", "tls", "NAME", "gw.example.org", "CLIENT", tt.client, "SERVER", tt.server, `["gw.pem", "ca.pem"]`, `"gw.pem"`}
			if tt.name == "both are anchors" {
				words = append(words, `"ca.pem"`, `"bundle.pem"`)
			}
			out := runTLS(t, files, words...)
			if got := eaptest.Code(out.Client); got != tt.wantOfClient {
				t.Errorf("client: %q (%v)", got, out.Client.Err)
			}
			if got := eaptest.Code(out.Server); got != tt.wantOfServer {
				t.Errorf("server: %q (%v)", got, out.Server.Err)
			}
		})
	}
}

// What a block tls does not say is as remote has it, and what both say comes to the same.
func TestAuthoritiesAreTheSameInIKEAndEAP(t *testing.T) {
	files := tiers(t)
	const trusted = "ca = \"bundle.pem\"\nintermediate = \"sub.pem\"\nvia = \"ca.pem\"\n"
	for _, own := range []string{"", trusted} {
		files["culvert.hcl"] = &fstest.MapFile{Data: []byte("connection \"a\" {\nlocal {\neap {\npassword = \"a password\"\nmethods = [\"peap\"]\ntls {\n" + own +
			"server_name = \"gw.example.org\"\n}\n}\n}\nremote {\n" + trusted + "}\n}\n")}
		c, found := config.Source{Files: files}.Load("/culvert.hcl")
		if c == nil {
			t.Fatal(found)
		}
		tr, connection := &translator{config: c, port: 500}, c.Connections[0]
		inIKE := tr.remoteAuth(connection, &connection.Remote.RemoteRound, nil)
		block := &connection.Local.EAP.TLS
		authorities, _ := connection.EAPServerTrust(block)
		inEAP := tr.tlsRemote(authorities, &block.EAPTLS)
		lists := func(r *auth.Remote) [][]*x509.Certificate {
			return [][]*x509.Certificate{r.Anchors, r.Intermediates, r.Via}
		}
		for i, want := range []int{2, 2, 1} {
			ike, eap := lists(&inIKE)[i], lists(inEAP)[i]
			if len(ike) != want || !slices.EqualFunc(ike, eap, (*x509.Certificate).Equal) {
				t.Errorf("with %q: list %d has %d in IKE and %d in EAP, want %d", own, i, len(ike), len(eap), want)
			}
		}
	}
}
