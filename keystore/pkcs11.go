package keystore

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"culvert/keystore/token"
	"culvert/secret"
)

// idle is how long a helper process stays without work. It bounds what a key leaves behind that nobody uses any more.
const idle = time.Minute

// A conversation is with one module about one object, through a helper process that is started when it is needed.
type conversation struct {
	program string
	object  token.Object
	pin     secret.Bytes // a copy of our own
	limit   time.Duration

	mu     sync.Mutex
	helper *helper // nil: not running
	rest   *time.Timer
}

// A tokenKey is a key in a PKCS #11 token.
type tokenKey struct {
	*conversation
	public crypto.PublicKey
}

// OpenToken finds the private key of a PKCS #11 URI as Open does, with a PIN that counts more than what the URI says of it; nil:
// there is none. Of all modules that it may be in, one that hangs delays the others by 15 s at most.
//
// The PIN is shown to the one token that has the key, once. An error that a PIN is to blame for is a *token.Error that says so.
func (s Store) OpenToken(uri string, pin secret.Bytes) (crypto.Signer, error) {
	n, err := parseURI(uri)
	if err != nil {
		return nil, err
	}
	if len(pin) > 0 {
		n.pin = pin
	}
	c, err := s.locate(n)
	if err != nil {
		return nil, err
	}
	answer, err := c.ask(token.Request{Op: token.Public})
	if err != nil {
		c.stop()
		return nil, err
	}
	public, err := x509.ParsePKIXPublicKey(answer.Public)
	if err != nil {
		c.stop()
		return nil, fmt.Errorf("PKCS #11 module %s: its public key cannot be used: %w", c.object.Module, err)
	}
	return &tokenKey{c, public}, nil
}

// Public returns the public key.
func (k *tokenKey) Public() crypto.PublicKey { return k.public }

// Elsewhere says that Sign waits for a device.
func (k *tokenKey) Elsewhere() {}

// Sign has the token sign a digest.
func (k *tokenKey) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	r := token.Request{Op: token.Sign, Digest: digest, Hash: opts.HashFunc()}
	if pss, ok := opts.(*rsa.PSSOptions); ok {
		r.PSS, r.Salt = true, pss.SaltLength
	}
	answer, err := k.ask(r)
	return answer.Signature, err
}

// ask asks the helper, a new one if the old one does not answer.
func (c *conversation) ask(r token.Request) (token.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rest != nil {
		c.rest.Stop()
	}
	defer func() { c.rest = time.AfterFunc(idle, c.stop) }()
	r.Object, r.PIN = c.object, bytes.Clone(c.pin)
	defer clear(r.PIN)
	fresh := c.helper == nil
	answer, err := c.askOnce(r)
	if errors.Is(err, token.ErrHelper) && !fresh {
		answer, err = c.askOnce(r)
	}
	return answer, err
}

func (c *conversation) askOnce(r token.Request) (token.Response, error) {
	if c.helper == nil {
		h, err := startHelper(c.program)
		if err != nil {
			return token.Response{}, err
		}
		c.helper = h
	}
	answer, err := c.helper.ask(r, c.limit)
	if errors.Is(err, token.ErrHelper) {
		c.helper.stop()
		c.helper = nil
	}
	return answer, err
}

// stop ends a helper that has nothing to do.
func (c *conversation) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rest != nil {
		c.rest.Stop()
	}
	if c.helper != nil {
		c.helper.stop()
		c.helper = nil
	}
}
