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
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"culvert/keystore/token"
	"culvert/secret"
)

// TestMain lets the test binary play the helper.
func TestMain(m *testing.M) {
	if mode := os.Getenv("CULVERT_TEST_HELPER"); mode != "" {
		playHelper(mode)
		return
	}
	os.Exit(m.Run())
}

// playHelper serves one key with the id 01 in a token, and its certificate; modules by the name of their path: "/lib/empty.so" has
// nothing, "/lib/hangs.so" does not answer. The mode "dies" ends after each answer, "dumb" answers with noise, "leaves" hangs and has
// started a process that holds its pipes, in the mode "stays".
func playHelper(mode string) {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), []byte(strings.Repeat("k", 32)))
	if err != nil {
		panic(err)
	}
	if mode == "dumb" {
		fmt.Println("hello")
		return
	}
	if mode == "leaves" {
		child := exec.Command(os.Args[0])
		child.Env, child.Stdin, child.Stdout = append(os.Environ(), "CULVERT_TEST_HELPER=stays"), os.Stdin, os.Stdout
		_ = child.Start()
		select {}
	}
	if mode == "stays" {
		time.Sleep(20 * time.Second)
		return
	}
	answered := false
	_ = token.Serve(os.Stdin, os.Stdout, func(r token.Request) (token.Response, error) {
		switch {
		case mode == "dies" && answered:
			os.Exit(3)
		case r.Object.Module == "/lib/hangs.so":
			_, _ = io.Copy(io.Discard, os.Stdin)
		case r.Object.Module == "/lib/empty.so" || r.Object.ID != "" && r.Object.ID != "01" || r.Object.Slot == "7":
			return token.Response{}, &token.Error{Failure: token.Absent, Text: r.Object.Module + " has no " + r.Object.ID}
		case string(r.PIN) == "wrong" && r.Op != token.Find:
			return token.Response{}, &token.Error{Failure: token.Refused, Text: "the PIN is wrong (CKR_PIN_INCORRECT)"}
		}
		answered = true
		return play(key, r)
	})
}

func play(key *ecdsa.PrivateKey, r token.Request) (response token.Response, err error) {
	place := token.Place{Slot: "3", Token: "gw", Serial: "0815"}
	switch r.Op {
	case token.Find:
		response.Place = &place
	case token.Public:
		response.Public, err = x509.MarshalPKIXPublicKey(key.Public())
	case token.Sign:
		response.Signature, err = key.Sign(rand.Reader, r.Digest, r.Opts())
	case token.Certificate, token.Certificates:
		response.Certificates = []token.X509{{DER: []byte("der"), ID: "01", Trusted: true, Place: place}}
	}
	return response, err
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
	if known, ok := errors.AsType[*token.Error](err); !ok || known.Failure != token.Refused {
		t.Errorf("got %v", err)
	}
}

// A PIN that is given counts more than the one of the URI, and is nowhere to be seen.
func TestPINsAreNotPartOfTheName(t *testing.T) {
	s := asHelper(t, "plain")
	key, err := s.OpenToken(someKey+"&pin-source=file:/dev/null", secret.Bytes("1234"))
	if err != nil {
		t.Fatal(err)
	}
	sign(t, key)
	if shown := fmt.Sprintf("%+v", key.(*tokenKey).pin); strings.Contains(shown, "1234") {
		t.Error(shown)
	}
	if _, err := s.OpenToken(someKey, secret.Bytes("wrong")); err == nil || strings.Contains(err.Error(), "wrong\"") {
		t.Errorf("with a wrong PIN: %v", err)
	}
}

// Without a module all that are known are searched. One that hangs is not waited for once another has the key.
func TestModulesAreSearched(t *testing.T) {
	s := asHelper(t, "plain")
	s.Patience = time.Hour
	s.Modules = []Module{{Name: "hangs", Path: "/lib/hangs.so"}, {Name: "empty", Path: "/lib/empty.so"}, {Name: "soft", Path: "/lib/soft.so"}}
	key, err := s.OpenToken(URI([]byte{1}, "", ""), nil)
	if err != nil {
		t.Fatal(err)
	}
	if k := key.(*tokenKey); k.object.Module != "/lib/soft.so" || k.object.Serial != "0815" {
		t.Errorf("found in %+v", k.object)
	}
	sign(t, key)
	s.Patience = 300 * time.Millisecond
	for uri, want := range map[string]string{
		URI([]byte{1}, "", "hangs"):   "/lib/hangs.so: no answer in 300ms, given up",
		URI([]byte{1}, "", "none"):    `there is no PKCS #11 module "none": there are hangs, empty, soft`,
		URI([]byte{2}, "", ""):        "no answer in 300ms, given up: the PKCS #11 helper does not answer; /lib/empty.so has no 02; /lib/soft.so has no 02",
		URI([]byte{1}, "7", "soft"):   "/lib/soft.so has no 01",
		URI([]byte{1}, "3", "empty"):  "/lib/empty.so has no 01",
		URI([]byte{0xff}, "", "soft"): "/lib/soft.so has no ff",
	} {
		if _, err := s.OpenToken(uri, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", uri, err, want)
		}
	}
	s.Modules = nil
	if _, err := s.OpenToken(URI([]byte{1}, "", "soft"), nil); err == nil || !strings.Contains(err.Error(), "none is configured") {
		t.Errorf("without modules: %v", err)
	}
}

// What a module has started does not keep us waiting once its helper is dead.
func TestProcessesOfModulesDoNotHang(t *testing.T) {
	s := asHelper(t, "leaves")
	s.Patience = 200 * time.Millisecond
	done := make(chan error, 1)
	go func() { _, err := s.Open(PKCS11, someKey); done <- err }()
	select {
	case err := <-done:
		if !errors.Is(err, token.ErrHelper) || !strings.Contains(err.Error(), "given up") {
			t.Errorf("got %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it hangs")
	}
}

func TestCertificatesInTokens(t *testing.T) {
	s := asHelper(t, "plain")
	s.Modules = []Module{{Name: "empty", Path: "/lib/empty.so"}, {Name: "soft", Path: "/lib/soft.so"}}
	if der, err := s.Certificate(URI([]byte{1}, "", "")); err != nil || string(der) != "der" {
		t.Errorf("got %q, %v", der, err)
	}
	if _, err := s.Certificate(URI([]byte{2}, "", "")); err == nil {
		t.Error("a certificate is found that is not there")
	}
	all, err := s.CertificatesOf(s.Modules[1])
	if err != nil || len(all) != 1 || string(all[0].DER) != "der" || !all[0].Trusted || all[0].Module != "soft" || string(all[0].ID) != "\x01" {
		t.Errorf("got %+v, %v", all, err)
	}
	if _, err := s.CertificatesOf(s.Modules[0]); err == nil {
		t.Error("a module without tokens has certificates")
	}
}

func TestParseURI(t *testing.T) {
	pin := filepath.Join(t.TempDir(), "pin")
	if err := os.WriteFile(pin, []byte("1234\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := parseURI("pkcs11:serial=0815;id=%01%fe;type=private?module-path=/lib/x.so&pin-source=" + pin)
	if want := (token.Object{Module: "/lib/x.so", Serial: "0815", ID: "01fe"}); err != nil || got.object != want || string(got.pin) != "1234" {
		t.Errorf("got %+v, %v", got.object, err)
	}
	got, err = parseURI(URI([]byte("a;?&%\x00"), "327", "my module&?"))
	if want := (token.Object{Slot: "327", ID: "613b3f262500"}); err != nil || got.object != want || got.module != "my module&?" {
		t.Errorf("got %+v, %v", got, err)
	}
	for uri, want := range map[string]string{
		"gw.pem": "no PKCS #11 URI",
		"pkcs11:token=a;serial=b;object=c?module-path=/x": "one of them",
		"pkcs11:id=%01?module-path=/x&module-name=x":      "one of them",
		"pkcs11:token=gw?module-path=/x":                  "object",
		"pkcs11:slot-id=-1;object=c?module-path=/x":       "slot-id",
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
		if k, err := parseURI(uri); err == nil && k.wrong() != "" {
			t.Errorf("%q is taken for %+v", uri, k)
		}
	})
}
