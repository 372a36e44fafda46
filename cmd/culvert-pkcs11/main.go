//go:build cgo

// Command culvert-pkcs11 loads PKCS #11 modules for culvert and signs with the keys in their tokens. It is started by culvert,
// speaks the protocol of package token on standard input and output, and ends when its input does.
package main

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/ThalesGroup/crypto11"

	"culvert/keystore/token"
)

func main() {
	t := &tokens{open: make(map[token.Key]crypto.Signer)}
	if err := token.Serve(os.Stdin, os.Stdout, t.answer); err != nil {
		fmt.Fprintln(os.Stderr, "culvert-pkcs11:", err)
		os.Exit(1)
	}
}

// tokens are the keys that were asked for.
type tokens struct{ open map[token.Key]crypto.Signer }

// answer returns the public key or a signature.
func (t *tokens) answer(r token.Request) (token.Response, error) {
	key, err := t.key(r.Key)
	if err != nil {
		return token.Response{}, err
	}
	if r.Digest == nil {
		public, err := x509.MarshalPKIXPublicKey(key.Public())
		return token.Response{Public: public}, err
	}
	if !r.Hash.Available() {
		return token.Response{}, fmt.Errorf("hash %d is not supported", r.Hash)
	}
	signature, err := key.Sign(nil, r.Digest, r.Opts())
	return token.Response{Signature: signature}, err
}

// key opens a key once.
func (t *tokens) key(k token.Key) (crypto.Signer, error) {
	if key, ok := t.open[k]; ok {
		return key, nil
	}
	ctx, err := crypto11.Configure(&crypto11.Config{
		Path: k.Module, TokenLabel: k.Token, TokenSerial: k.Serial, Pin: k.PIN, LoginNotSupported: k.PIN == "",
	})
	if err != nil {
		return nil, err
	}
	key, err := ctx.FindKeyPair(octets(k.ID), octets(k.Label))
	if err == nil && key == nil {
		err = errors.New("the token has no such key pair; private and public key must have the same id")
	}
	if err != nil {
		return nil, errors.Join(err, ctx.Close())
	}
	t.open[k] = key
	return key, nil
}

// octets is nil for what is not given.
func octets(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}
