package keystore

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"culvert/keystore/token"
)

// TestMain lets the test binary play the helper.
func TestMain(m *testing.M) {
	if mode := os.Getenv("CULVERT_TEST_HELPER"); mode != "" {
		playHelper(mode)
		return
	}
	os.Exit(m.Run())
}

// playHelper serves one key. "dies" ends after each answer, "dumb" answers with noise.
func playHelper(mode string) {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), []byte(strings.Repeat("k", 32)))
	if err != nil {
		panic(err)
	}
	if mode == "dumb" {
		fmt.Println("hello")
		return
	}
	answered := false
	_ = token.Serve(os.Stdin, os.Stdout, func(r token.Request) (token.Response, error) {
		switch {
		case mode == "dies" && answered:
			os.Exit(3)
		case r.Key.PIN == "wrong":
			return token.Response{}, errors.New("CKR_PIN_INCORRECT")
		}
		answered = true
		if r.Digest == nil {
			public, err := x509.MarshalPKIXPublicKey(key.Public())
			return token.Response{Public: public}, err
		}
		signature, err := key.Sign(rand.Reader, r.Digest, r.Opts())
		return token.Response{Signature: signature}, err
	})
}

const someKey = "pkcs11:token=gw;object=key?module-path=/lib/x.so"

// asHelper has the store take this binary for the helper.
func asHelper(t *testing.T, mode string) Store {
	t.Helper()
	t.Setenv("CULVERT_TEST_HELPER", mode)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Store{Helper: self}
}

func sign(t *testing.T, key crypto.Signer) {
	t.Helper()
	digest := sha256.Sum256([]byte("octets"))
	signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil || !ecdsa.VerifyASN1(key.Public().(*ecdsa.PublicKey), digest[:], signature) {
		t.Errorf("signature %x, %v", signature, err)
	}
}

func TestTokenKeySignsThroughTheHelper(t *testing.T) {
	key, err := asHelper(t, "plain").Open(PKCS11, someKey)
	if err != nil {
		t.Fatal(err)
	}
	sign(t, key)
	sign(t, key)
	key.(*tokenKey).stop() // as after a minute of rest
	sign(t, key)
}

func TestHelperThatDiedIsStartedAgain(t *testing.T) {
	key, err := asHelper(t, "dies").Open(PKCS11, someKey)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		sign(t, key)
	}
}

func TestHelperThatMakesNoSenseIsAnError(t *testing.T) {
	if _, err := asHelper(t, "dumb").Open(PKCS11, someKey); !errors.Is(err, token.ErrHelper) {
		t.Errorf("got %v", err)
	}
	if _, err := (Store{Helper: filepath.Join(t.TempDir(), "none")}).Open(PKCS11, someKey); err == nil {
		t.Error("a helper that is not there works")
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := (Store{}).Open(PKCS11, someKey); err == nil || !strings.Contains(err.Error(), helperName) {
		t.Errorf("without helper: %v", err)
	}
}

func TestTokenSaysWhyNot(t *testing.T) {
	pin := filepath.Join(t.TempDir(), "pin")
	if err := os.WriteFile(pin, []byte("wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := asHelper(t, "plain").Open(PKCS11, someKey+"&pin-source=file:"+pin)
	if err == nil || !strings.Contains(err.Error(), "CKR_PIN_INCORRECT") {
		t.Errorf("got %v", err)
	}
}

func TestParseURI(t *testing.T) {
	pin := filepath.Join(t.TempDir(), "pin")
	if err := os.WriteFile(pin, []byte("1234\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := parseURI("pkcs11:serial=0815;id=%01%02;type=private?module-path=/lib/x.so&pin-source=" + pin)
	if want := (token.Key{Module: "/lib/x.so", Serial: "0815", ID: "\x01\x02", PIN: "1234"}); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	for uri, want := range map[string]string{
		"gw.pem":                                          "no PKCS #11 URI",
		"pkcs11:token=gw;object=key":                      "module-path",
		"pkcs11:object=key?module-path=/x":                "token",
		"pkcs11:token=a;serial=b;object=c?module-path=/x": "one of them",
		"pkcs11:token=gw?module-path=/x":                  "object",
		"pkcs11:token=%zz;object=c?module-path=/x":        "token",
		someKey + "&pin-value=1":                          "pin-value",
		someKey + "&pin-source=/nowhere/pin":              "pin-source",
	} {
		if _, err := parseURI(uri); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", uri, err, want)
		}
	}
}

func FuzzParseURI(f *testing.F) {
	f.Add(someKey)
	f.Add("pkcs11:serial=0815;id=%01%02;type=private?module-path=/lib/x.so")
	f.Fuzz(func(t *testing.T, uri string) {
		if strings.Contains(uri, "pin-source") {
			return // which names a file
		}
		if k, err := parseURI(uri); err == nil && missing(k) != "" {
			t.Errorf("%q is taken for %+v", uri, k)
		}
	})
}
