//go:build cgo

// Command culvert-pkcs11 loads PKCS #11 modules for culvert, finds keys and certificates in their tokens, and signs. It is
// started by culvert, speaks the protocol of package token on standard input and output, and ends when its input does.
package main

import (
	"fmt"
	"io"
	"os"

	"culvert/keystore/token"
)

func main() {
	h := &helper{modules: make(map[string]*module), open: make(map[token.Object]*key)}
	if err := token.Serve(requests(), os.Stdout, h.answer); err != nil {
		fmt.Fprintln(os.Stderr, "culvert-pkcs11:", err)
		os.Exit(1)
	}
}

// requests is standard input, whose end ends the program even while a module hangs.
func requests() io.Reader {
	r, w := io.Pipe()
	go func() {
		_, err := io.Copy(w, os.Stdin)
		if err != nil {
			fmt.Fprintln(os.Stderr, "culvert-pkcs11:", err)
		}
		os.Exit(0)
	}()
	return r
}

// A helper has the modules that were asked for, and the keys that are open in their tokens.
type helper struct {
	modules map[string]*module // by path
	open    map[token.Object]*key
}

// answer does what a request asks for.
func (h *helper) answer(r token.Request) (token.Response, error) {
	defer clear(r.PIN)
	m, err := h.module(r.Object.Module)
	if err != nil {
		return token.Response{}, err
	}
	switch r.Op {
	case token.Find:
		t, err := m.find(r.Object)
		return token.Response{Place: &t.place}, err
	case token.Certificate, token.Certificates:
		certs, err := m.certificates(r.Object, r.Op == token.Certificate)
		return token.Response{Certificates: certs}, err
	case token.Public, token.Sign:
		return h.useAgain(m, r)
	}
	return token.Response{}, fmt.Errorf("%q is no request", r.Op)
}

// useAgain uses a key. One that is not there any more, as after its token was taken out and put in again, is opened anew.
func (h *helper) useAgain(m *module, r token.Request) (token.Response, error) {
	_, opened := h.open[r.Object]
	response, err := h.use(m, r)
	if err != nil && opened && isGone(err) {
		h.open[r.Object].close()
		delete(h.open, r.Object)
		return h.use(m, r)
	}
	return response, err
}

// use returns the public key or a signature.
func (h *helper) use(m *module, r token.Request) (response token.Response, err error) {
	k := h.open[r.Object]
	if k == nil {
		if k, err = m.openKey(r.Object, r.PIN); err != nil {
			return response, err
		}
		h.open[r.Object] = k
	}
	if r.Op == token.Public {
		response.Public = k.public
		return response, nil
	}
	response.Signature, err = k.sign(r)
	return response, k.in.because("the token does not sign", err)
}
