package interop_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"culvert/interop/lab"
	"culvert/keystore"
)

// checkSigner verifies what a key signs.
func checkSigner(t *testing.T, key crypto.Signer) {
	t.Helper()
	message := []byte("octets")
	digest := sha256.Sum256(message)
	for _, opts := range signerOptions(key) {
		signature, err := crypto.SignMessage(key, rand.Reader, message, opts)
		if edwards, ok := key.Public().(ed25519.PublicKey); ok && err == nil && ed25519.Verify(edwards, message, signature) {
			continue
		}
		if err != nil || !verifies(key.Public(), digest[:], signature, opts) {
			t.Errorf("%T with %T: %x, %v", key.Public(), opts, signature, err)
		}
	}
}

func signerOptions(key crypto.Signer) []crypto.SignerOpts {
	if _, edwards := key.Public().(ed25519.PublicKey); edwards {
		return []crypto.SignerOpts{crypto.Hash(0)}
	}
	_, isRSA := key.Public().(*rsa.PublicKey)
	if _, hashes := key.(crypto.MessageSigner); isRSA && !hashes {
		return []crypto.SignerOpts{crypto.SHA256, &rsa.PSSOptions{Hash: crypto.SHA256, SaltLength: rsa.PSSSaltLengthEqualsHash}}
	}
	return []crypto.SignerOpts{crypto.SHA256}
}

func verifies(public crypto.PublicKey, digest, signature []byte, opts crypto.SignerOpts) bool {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, digest, signature)
	case *rsa.PublicKey:
		if pss, ok := opts.(*rsa.PSSOptions); ok {
			return rsa.VerifyPSS(key, crypto.SHA256, digest, signature, pss) == nil
		}
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest, signature) == nil
	}
	return false
}

// connects tells whether somebody listens at a socket.
func connects(path string) bool {
	conn, err := net.Dial("unix", path)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

func TestKeysInAPKCS11Token(t *testing.T) {
	const module = "/usr/lib/softhsm/libsofthsm2.so"
	h := lab.New(t).Host("hsm")
	tokens, helper := t.TempDir(), filepath.Join(t.TempDir(), "culvert-pkcs11")
	lab.Build(t, "-o", helper, "culvert/cmd/culvert-pkcs11")
	t.Setenv("SOFTHSM2_CONF", h.Write("softhsm2.conf", "directories.tokendir = "+tokens+"\n"))
	pin := h.Write("pin", "1234\n")
	store := keystore.Store{Helper: helper}
	h.Must("softhsm2-util", "--init-token", "--free", "--label", "gw", "--pin", "1234", "--so-pin", "5678")
	for i, kind := range []string{"EC:prime256v1", "rsa:2048", "EC:edwards25519", "imported"} {
		label, id := fmt.Sprintf("key%d", i), fmt.Sprintf("0%d", i+1)
		if kind == "imported" { // a curve by its number; pkcs11-tool writes the name
			h.Must("openssl", "genpkey", "-algorithm", "ed25519", "-out", filepath.Join(tokens, "ed.pem"))
			h.Must("softhsm2-util", "--import", filepath.Join(tokens, "ed.pem"), "--token", "gw", "--pin", "1234", "--label", label, "--id", id)
		} else {
			h.Must("pkcs11-tool", "--module", module, "--login", "--pin", "1234", "--keypairgen", "--key-type", kind, "--label", label, "--id", id)
		}
		key, err := store.Open(keystore.PKCS11,
			fmt.Sprintf("pkcs11:token=gw;object=key%d;type=private?module-path=%s&pin-source=file:%s", i, module, pin))
		if err != nil {
			t.Fatal(err)
		}
		checkSigner(t, key)
	}
	_, err := store.Open(keystore.PKCS11, "pkcs11:token=gw;object=key0?module-path="+module+"&pin-source="+h.Write("pin", "4321\n"))
	if err == nil || !strings.Contains(err.Error(), "PIN") {
		t.Errorf("with a wrong PIN: %v", err)
	}
}

func TestKeysInATPM(t *testing.T) {
	l := lab.New(t)
	h, dir := l.Host("tpm"), t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	// Simulator and tools go by the names that the tools expect: the control channel beside the socket.
	h.Start("swtpm", nil, "swtpm", "socket", "--tpm2", "--tpmstate", "dir="+dir, "--server", "type=unixio,path="+in("tpm"),
		"--flags", "not-need-init,startup-clear", "--ctrl", "type=unixio,path="+in("tpm.ctrl"))
	l.Await("the simulator listens", func() bool { return connects(in("tpm.ctrl")) && connects(in("tpm")) })
	tpm := func(args ...string) {
		h.Must(append([]string{"env", "TPM2TOOLS_TCTI=swtpm:path=" + in("tpm")}, args...)...)
		h.Must("env", "TPM2TOOLS_TCTI=swtpm:path="+in("tpm"), "tpm2_flushcontext", "-t")
	}
	store := keystore.Store{Device: in("tpm")}
	tpm("tpm2_createprimary", "-C", "o", "-G", "ecc256:aes128cfb", "-c", in("parent"),
		"-a", "restricted|decrypt|fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda")
	for i, kind := range []string{"ecc:ecdsa-sha256", "rsa2048:null:null"} {
		handle := fmt.Sprintf("0x8100000%d", i+1)
		tpm("tpm2_create", "-C", in("parent"), "-G", kind, "-u", in("pub"), "-r", in("priv"),
			"-a", "sign|fixedtpm|fixedparent|sensitivedataorigin|userwithauth")
		tpm("tpm2_load", "-C", in("parent"), "-u", in("pub"), "-r", in("priv"), "-c", in("key"))
		tpm("tpm2_evictcontrol", "-C", "o", "-c", in("key"), handle)
		tpm("tpm2_encodeobject", "-C", in("parent"), "-u", in("pub"), "-r", in("priv"), "-o", in("key.tss"))
		for _, name := range []string{handle, in("key.tss")} {
			key, err := store.Open(keystore.TPM, name)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			checkSigner(t, key)
		}
	}
	if _, err := store.Open(keystore.TPM, "0x81000009"); err == nil {
		t.Error("a handle that is not there opens")
	}
}

func TestKeysInAnSSHAgent(t *testing.T) {
	l := lab.New(t)
	h, dir := l.Host("agent"), t.TempDir()
	socket := filepath.Join(dir, "agent.sock")
	h.Start("ssh-agent", nil, "ssh-agent", "-D", "-a", socket)
	l.Await("the agent listens", func() bool { return connects(socket) })
	for _, kind := range []string{"ecdsa", "rsa"} {
		file := filepath.Join(dir, kind)
		h.Must("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "gw "+kind, "-f", file)
		h.Must("env", "SSH_AUTH_SOCK="+socket, "ssh-add", "-q", file)
		key, err := keystore.Store{AgentPath: socket}.Open(keystore.Agent, "gw "+kind)
		if err != nil {
			t.Fatal(err)
		}
		checkSigner(t, key)
	}
}
