package keystore

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// serveAgent runs an agent with these keys, named by comment.
func serveAgent(t *testing.T, keys map[string]crypto.Signer) Store {
	t.Helper()
	ring := agent.NewKeyring()
	for comment, key := range keys {
		if err := ring.Add(agent.AddedKey{PrivateKey: key, Comment: comment}); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "agent.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			go func() { _ = agent.ServeAgent(ring, conn); conn.Close() }()
		}
	}()
	return Store{AgentPath: path}
}

func agentKeys(t *testing.T) map[string]crypto.Signer {
	r, err1 := rsa.GenerateKey(rand.Reader, 2048)
	p256, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, err3 := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	_, ed, err4 := ed25519.GenerateKey(rand.Reader)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	return map[string]crypto.Signer{"rsa": r, "p256": p256, "p384": p384, "ed": &ed}
}

func TestAgentSignsWithWhatItsProtocolHas(t *testing.T) {
	store := serveAgent(t, agentKeys(t))
	message := []byte("octets")
	d256, d384, d512 := sha256.Sum256(message), sha512.Sum384(message), sha512.Sum512(message)
	for _, c := range []struct {
		name  string
		opts  crypto.SignerOpts
		valid func(crypto.PublicKey, []byte) bool
	}{
		{"rsa", crypto.SHA256, func(k crypto.PublicKey, s []byte) bool {
			return rsa.VerifyPKCS1v15(k.(*rsa.PublicKey), crypto.SHA256, d256[:], s) == nil
		}},
		{"rsa", crypto.SHA512, func(k crypto.PublicKey, s []byte) bool {
			return rsa.VerifyPKCS1v15(k.(*rsa.PublicKey), crypto.SHA512, d512[:], s) == nil
		}},
		{"p256", crypto.SHA256, func(k crypto.PublicKey, s []byte) bool { return ecdsa.VerifyASN1(k.(*ecdsa.PublicKey), d256[:], s) }},
		{"p384", crypto.SHA384, func(k crypto.PublicKey, s []byte) bool { return ecdsa.VerifyASN1(k.(*ecdsa.PublicKey), d384[:], s) }},
		{"ed", crypto.Hash(0), func(k crypto.PublicKey, s []byte) bool { return ed25519.Verify(k.(ed25519.PublicKey), message, s) }},
	} {
		key, err := store.Open(Agent, c.name)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		signature, err := crypto.SignMessage(key, rand.Reader, message, c.opts)
		if err != nil || !c.valid(key.Public(), signature) {
			t.Errorf("%s with %v: %x, %v", c.name, c.opts, signature, err)
		}
	}
}

func TestAgentRefusesWhatItsProtocolLacks(t *testing.T) {
	store := serveAgent(t, agentKeys(t))
	for name, opts := range map[string]crypto.SignerOpts{
		"rsa":  &rsa.PSSOptions{Hash: crypto.SHA256, SaltLength: rsa.PSSSaltLengthEqualsHash},
		"p256": crypto.SHA384,
		"p384": crypto.SHA256,
	} {
		key, err := store.Open(Agent, name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := crypto.SignMessage(key, rand.Reader, []byte("octets"), opts); err == nil || !strings.Contains(err.Error(), "signature_schemes") {
			t.Errorf("%s with %v: %v", name, opts, err)
		}
		if _, err := key.Sign(rand.Reader, make([]byte, 32), opts); !errors.Is(err, errDigest) {
			t.Errorf("%s signs a digest: %v", name, err)
		}
	}
}

func TestAgentKeyIsNamedByFingerprintOrComment(t *testing.T) {
	keys := agentKeys(t)
	store := serveAgent(t, keys)
	public, err := ssh.NewPublicKey(keys["p256"].Public())
	if err != nil {
		t.Fatal(err)
	}
	key, err := store.Open(Agent, ssh.FingerprintSHA256(public))
	if err != nil || !keys["p256"].Public().(*ecdsa.PublicKey).Equal(key.Public()) {
		t.Errorf("by fingerprint: %v", err)
	}
	for name, want := range map[string]string{"nobody": "4 keys", "": "none of them"} {
		if _, err := store.Open(Agent, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", name, err, want)
		}
	}
}

func TestAgentThatIsNotThere(t *testing.T) {
	t.Setenv("SSH_AUTH_SOCK", "")
	if _, err := (Store{}).Open(Agent, "x"); err == nil || !strings.Contains(err.Error(), "SSH_AUTH_SOCK") {
		t.Errorf("without a socket: %v", err)
	}
	if _, err := (Store{AgentPath: filepath.Join(t.TempDir(), "none")}).Open(Agent, "x"); err == nil {
		t.Error("an agent that is not there has a key")
	}
	if _, err := (Store{}).Open("drawer", "x"); err == nil {
		t.Error("an unknown kind opens")
	}
}
