package keystore

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"culvert/keystore/token"
)

// helperName is the program that loads PKCS #11 modules.
const helperName = "culvert-pkcs11"

// idle is how long a helper process stays without work. It bounds what a key leaves behind that nobody uses any more.
const idle = time.Minute

// A tokenKey is a key in a PKCS #11 token, behind a helper process that is started when it is needed.
type tokenKey struct {
	program string
	key     token.Key
	public  crypto.PublicKey

	mu     sync.Mutex
	helper *helper // nil: not running
	rest   *time.Timer
}

// openToken starts the helper and finds the key.
func (s Store) openToken(uri string) (crypto.Signer, error) {
	key, err := parseURI(uri)
	if err != nil {
		return nil, err
	}
	program, err := s.helper()
	if err != nil {
		return nil, err
	}
	k := &tokenKey{program: program, key: key}
	answer, err := k.ask(token.Request{Key: key})
	if err != nil {
		return nil, err
	}
	k.public, err = x509.ParsePKIXPublicKey(answer.Public)
	return k, err
}

// helper finds the helper program.
func (s Store) helper() (string, error) {
	if s.Helper != "" {
		return s.Helper, nil
	}
	if self, err := os.Executable(); err == nil {
		if beside := filepath.Join(filepath.Dir(self), helperName); executable(beside) {
			return beside, nil
		}
	}
	path, err := exec.LookPath(helperName)
	if err != nil {
		return "", fmt.Errorf("PKCS #11 keys need the program %s, which is neither beside this one nor in $PATH: build it with `make pkcs11`", helperName)
	}
	return path, nil
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

// Public returns the public key.
func (k *tokenKey) Public() crypto.PublicKey { return k.public }

// Elsewhere says that Sign waits for a device.
func (k *tokenKey) Elsewhere() {}

// Sign has the token sign a digest.
func (k *tokenKey) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	r := token.Request{Key: k.key, Digest: digest, Hash: opts.HashFunc()}
	if pss, ok := opts.(*rsa.PSSOptions); ok {
		r.PSS, r.Salt = true, pss.SaltLength
	}
	answer, err := k.ask(r)
	return answer.Signature, err
}

// ask asks the helper, a new one if the old one does not answer.
func (k *tokenKey) ask(r token.Request) (token.Response, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.rest != nil {
		k.rest.Stop()
	}
	defer func() { k.rest = time.AfterFunc(idle, k.stop) }()
	fresh := k.helper == nil
	answer, err := k.askOnce(r)
	if errors.Is(err, token.ErrHelper) && !fresh {
		answer, err = k.askOnce(r)
	}
	return answer, err
}

func (k *tokenKey) askOnce(r token.Request) (token.Response, error) {
	if k.helper == nil {
		h, err := startHelper(k.program)
		if err != nil {
			return token.Response{}, err
		}
		k.helper = h
	}
	answer, err := k.helper.ask(r)
	if errors.Is(err, token.ErrHelper) {
		k.helper.stop()
		k.helper = nil
	}
	return answer, err
}

// stop ends a helper that has nothing to do.
func (k *tokenKey) stop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.helper != nil {
		k.helper.stop()
		k.helper = nil
	}
}

// A helper is a running helper process.
type helper struct {
	client *token.Client
	in     io.Closer
	cancel context.CancelFunc
	wait   func() error
}

// startHelper starts the program. It ends when its input does, so no helper outlives us.
func startHelper(program string) (*helper, error) {
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program)
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	cmd.Stderr = os.Stderr
	if err := errors.Join(err1, err2); err != nil {
		cancel()
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("PKCS #11 helper: %w", err)
	}
	return &helper{client: token.NewClient(out, in), in: in, cancel: cancel, wait: cmd.Wait}, nil
}

// ask asks once and kills a helper that hangs, which ends the reading.
func (h *helper) ask(r token.Request) (token.Response, error) {
	watch := time.AfterFunc(patience, h.cancel)
	defer watch.Stop()
	return h.client.Ask(r)
}

func (h *helper) stop() {
	h.cancel()
	_ = h.in.Close()
	_ = h.wait() // it was killed
}
