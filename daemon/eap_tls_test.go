package daemon

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"testing"
	"testing/fstest"

	"culvert/config"
	"culvert/eap/eaptest"
	"culvert/eap/mschapv2"
	"culvert/explain"
	"culvert/secret"
	"culvert/users"
)

const tlsClientAndGateway = `
connection "client" {
  local {
    id = "laptop"
    eap {
      identity = "carol"
      password = "a password"
      methods  = ["METHOD"]
      tls {
        ca          = "ca.pem"
        server_name = "NAME"
        certificate = "carol.pem"
        key         = "carol.key"
        CLIENT
      }
    }
  }
  remote { auth = "psk" }
}
connection "gateway" {
  local {
    certificate = ["gw.pem", "ca.pem"]
    key         = "gw.key"
  }
  remote {
    eap {
      users   = "staff"
      methods = ["METHOD"]
      tls {
        ca = "ca.pem"
        SERVER
      }
    }
  }
}
users "staff" {
  user "carol" {
    password = "SCRYPT"
    nt_hash   = "HASH"
    groups    = ["board"]
  }
}
secret "client" { psk = "0x9b1c6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029" }
`

// tlsFiles are an authority, the certificate of a gateway, and that of carol.
func tlsFiles(t *testing.T) fstest.MapFS {
	t.Helper()
	ca := newTestCA(t)
	files := fstest.MapFS{"ca.pem": {Data: ca.pem()}}
	ca.issue(files, "gw", x509.Certificate{DNSNames: []string{"gw.example.org"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	ca.issue(files, "carol", x509.Certificate{Subject: pkix.Name{CommonName: "carol"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return files
}

// What is configured on two sides of EAP over TLS makes client and server that understand each other.
func TestEAPOverTLSIsTranslated(t *testing.T) {
	files := tlsFiles(t)
	tests := []struct {
		name, method, client, server, serverName string
		want                                     explain.Code // on the client
	}{
		{"tls", "tls", "", "", "gw.example.org", ""},
		{"tls with 1.2", "tls", `max_version = "1.2"`, "", "gw.example.org", ""},
		{"ttls", "ttls", `anonymous_identity = "@example.org"`, "", "gw.example.org", ""},
		{"ttls with pap", "ttls", `inner = "pap"`, `inner = ["pap"]`, "gw.example.org", ""},
		{"ttls with gtc", "ttls", `inner = "gtc"`, "", "gw.example.org", ""},
		{"ttls with eap-mschapv2", "ttls", `inner = "eap-mschapv2"`, "", "gw.example.org", ""},
		{"ttls with eap", "ttls", `inner = "eap"`, "", "gw.example.org", ""},
		{"peap with eap", "peap", `inner = "eap"`, "", "gw.example.org", ""},
		{"peap", "peap", "crypto_binding = true", "crypto_binding = true", "gw.example.org", ""},
		{"peap with gtc", "peap", `inner = "gtc"`, `fragment_size = 256`, "*.example.org", ""},
		{"ttls with what is not accepted", "ttls", `inner = "pap"`, `inner = ["gtc"]`, "gw.example.org", explain.EAPRejected},
		{"peap leaves md5 out", "peap", `inner = "eap"`, `inner = ["md5", "gtc"]`, "gw.example.org", explain.EAPNoMethod},
		{"another server", "ttls", "", "", "aaa.example.org", explain.AuthIDMismatch},
		{"nothing in common", "peap", `max_version = "1.2"`, `min_version = "1.3"`, "gw.example.org", explain.EAPTLSAlert},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := runTLS(t, files, "METHOD", tt.method, "NAME", tt.serverName, "CLIENT", tt.client, "SERVER", tt.server)
			if got := eaptest.Code(out.Client); got != tt.want {
				t.Fatalf("client: got %q (%v), want %q; server: %v", got, out.Client.Err, tt.want, out.Server.Err)
			}
			if tt.want != "" {
				return
			}
			if out.Server.Identity != "carol" || out.Server.Grant.Groups[0] != "board" || !out.Client.MSK.Equal(out.Server.MSK) || len(out.Client.MSK) != 64 {
				t.Errorf("server: %v, %q, %+v", out.Server.State, out.Server.Identity, out.Server.Grant)
			}
		})
	}
}

// EAP-MD5 goes inside of EAP-TTLS where the password is there in clear, for a server that wants nothing else and for one that is asked for it.
func TestMD5InsideOfTTLS(t *testing.T) {
	files := tlsFiles(t)
	for _, inner := range []string{`["md5"]`, `["gtc", "md5"]`} {
		out := runTLS(t, files, "METHOD", "ttls", "NAME", "gw.example.org", "CLIENT", `inner = "eap"`, "SERVER", "inner = "+inner, `password = "SCRYPT"`, `cleartext = "a password"`)
		if out.Server.Identity != "carol" || !out.Client.MSK.Equal(out.Server.MSK) || len(out.Client.MSK) != 64 {
			t.Errorf("%s: client %v, server %v", inner, out.Client.Err, out.Server.Err)
		}
	}
}

// Where any certificate is enough, whom the users name does not matter to EAP-TLS.
func TestAnyCertificateIsEnough(t *testing.T) {
	files := tlsFiles(t)
	for option, want := range map[string]explain.Code{"": explain.EAPUserUnknown, "any_certificate = true": ""} {
		out := runTLS(t, files, "METHOD", "tls", "NAME", "gw.example.org", "CLIENT", "", "SERVER", option, `user "carol"`, `user "dave"`)
		if got := eaptest.Code(out.Server); got != want {
			t.Errorf("with %q: %q (%v)", option, got, out.Server.Err)
		}
		if want == "" && (out.Server.Identity != "carol" || out.Server.Grant != nil) {
			t.Errorf("identity %q, %+v", out.Server.Identity, out.Server.Grant)
		}
	}
}

// runTLS has client and gateway of the configuration, in which words are replaced, authenticate each other.
func runTLS(t *testing.T, files fstest.MapFS, words ...string) eaptest.Outcome {
	t.Helper()
	hashed := users.NewHash(secret.Bytes("a password")).String()
	hash := hex.EncodeToString(mschapv2.NTHash(secret.Bytes("a password")))
	text := strings.NewReplacer(append(words, "HASH", hash, "SCRYPT", hashed)...).Replace(tlsClientAndGateway)
	files["culvert.hcl"] = &fstest.MapFile{Data: []byte(text)}
	c, found := config.Source{Files: files}.Load("/culvert.hcl")
	if c == nil {
		t.Fatal(found)
	}
	list := (&translator{config: c, port: 500}).connections()
	return eaptest.Run(t, list[0].LocalAuth[0].EAP, list[1].RemoteAuth[0].EAP, eaptest.Session("laptop"))
}

func pemBlock(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
