// Package token is what the daemon and its PKCS #11 helper say to each other. PKCS #11 modules are shared libraries in C: they
// are loaded by a process of their own, so that the daemon stays one static program and survives a module that crashes.
//
// The daemon writes one Request in JSON a line, the helper answers each with one Response a line, in order.
package token

import (
	"crypto"
	"crypto/rsa"
)

// An Object names a key or a certificate in the tokens of one module. What is empty chooses nothing.
type Object struct {
	Module string `json:"module"` // path of the shared library
	Slot   string `json:"slot,omitempty"`
	Token  string `json:"token,omitempty"` // label
	Serial string `json:"serial,omitempty"`
	Label  string `json:"label,omitempty"`
	ID     string `json:"id,omitempty"` // CKA_ID in hexadecimal, or of a certificate its subject key identifier
}

// An Op is what a request asks for.
type Op string

// The operations.
const (
	Find         Op = "find"         // the token that has the object, without logging in
	Public       Op = "public"       // the public key of a private one
	Sign         Op = "sign"         // a signature with it
	Certificate  Op = "certificate"  // one certificate
	Certificates Op = "certificates" // those of all tokens
)

// A Request asks for something about an object.
type Request struct {
	Op     Op          `json:"op"`
	Object Object      `json:"object"`
	PIN    []byte      `json:"pin,omitempty"`
	Digest []byte      `json:"digest,omitempty"` // of Sign
	Hash   crypto.Hash `json:"hash,omitempty"`
	PSS    bool        `json:"pss,omitempty"`
	Salt   int         `json:"salt,omitempty"` // octets, or a constant of crypto/rsa
}

// Opts returns the options of the signature.
func (r Request) Opts() crypto.SignerOpts {
	if r.PSS {
		return &rsa.PSSOptions{SaltLength: r.Salt, Hash: r.Hash}
	}
	return r.Hash
}

// A Response is what was asked for, or what went wrong.
type Response struct {
	Public       []byte  `json:"public,omitempty"` // SubjectPublicKeyInfo
	Signature    []byte  `json:"signature,omitempty"`
	Certificates []X509  `json:"certificates,omitempty"`
	Place        *Place  `json:"place,omitempty"` // of Find
	Error        string  `json:"error,omitempty"`
	Failure      Failure `json:"failure,omitempty"`
}

// An X509 is a certificate in a token.
type X509 struct {
	DER     []byte `json:"der"`
	ID      string `json:"id,omitempty"` // CKA_ID in hexadecimal
	Trusted bool   `json:"trusted,omitempty"`
	Place   Place  `json:"place"`
}

// A Place is where a token is.
type Place struct {
	Slot   string `json:"slot"`
	Token  string `json:"token"` // label
	Serial string `json:"serial"`
}

// String names the place for people.
func (p Place) String() string { return "slot " + p.Slot + " (token \"" + p.Token + "\")" }

// A Failure is a kind of error that the daemon has to tell from others.
type Failure string

// The failures.
const (
	Absent  Failure = "absent" // no token has the object
	Refused Failure = "pin"    // the PIN is wrong, missing or locked
)

// An Error is why a token did not do something.
type Error struct {
	Failure Failure // "": none of those
	Text    string
}

func (e *Error) Error() string { return e.Text }
