package carrier

import (
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"testing"

	"culvert/secret"
)

// The PRF of TLS 1.2 with SHA-256 has a vector that is passed around (mailarchive.ietf.org, TLS working group, 2012): what
// begins here is its output for secret, seed and label.
func TestThePRFIsThatOfTLS12(t *testing.T) {
	key, _ := hex.DecodeString("9bbe436ba940f017b17652849a71db35")
	seed, _ := hex.DecodeString("a0ba9f936cda311827a6f796ffd5198c")
	want := "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66"
	got := pHash(hashOf(tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256), key, append([]byte("test label"), seed...), 100)
	if hex.EncodeToString(got) != want {
		t.Errorf("got %x", []byte(got))
	}
}

// What we derive is what crypto/tls exports where it does, with extended master secret, for the same master secret and randoms.
func TestKeysAreThoseOfTheExporter(t *testing.T) {
	for _, suite := range suites() {
		s := &session{}
		client, server := pipe(t, suite, s)
		if err := client.Handshake(); err != nil {
			t.Fatal(err)
		}
		<-server
		state := client.ConnectionState()
		want, err := state.ExportKeyingMaterial("client EAP encryption", nil, 128)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := s.export(state.CipherSuite, "client EAP encryption", 128)
		if !ok || !got.Equal(want) {
			t.Errorf("%s: the keys differ", tls.CipherSuiteName(suite))
		}
	}
}

func TestASessionWithoutHelloHasNoKeys(t *testing.T) {
	tests := map[string]*session{
		"nothing":         nil,
		"no master":       {hello: make([]byte, randomAt+randomLen)},
		"half a hello":    {hello: []byte{22, 3, 3}, master: secret.Bytes{1}},
		"an alert":        {hello: append([]byte{21}, make([]byte, randomAt+randomLen-1)...), master: secret.Bytes{1}},
		"another message": {hello: append([]byte{22, 3, 3, 0, 60, 1}, make([]byte, randomAt+randomLen-6)...), master: secret.Bytes{1}},
	}
	for name, s := range tests {
		if _, ok := s.export(tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "label", 64); ok {
			t.Errorf("%s: there are keys", name)
		}
	}
}

func TestTheKeyLogIsRead(t *testing.T) {
	s := &session{}
	fmt.Fprintf(s, "CLIENT_HANDSHAKE_TRAFFIC_SECRET 01 02\n")
	if s.master != nil {
		t.Error("a secret of TLS 1.3 is taken")
	}
	fmt.Fprintf(s, "CLIENT_RANDOM %x %x\n", "random", "master")
	if string(s.clientRandom) != "random" || string(s.master) != "master" {
		t.Errorf("got %q, %q", s.clientRandom, []byte(s.master))
	}
	s.clear()
	if s.master[0] != 0 {
		t.Error("the master secret is still there")
	}
}
