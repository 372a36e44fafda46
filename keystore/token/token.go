// Package token is what the daemon and its PKCS #11 helper say to each other. PKCS #11 modules are shared libraries in C: they
// are loaded by a process of their own, so that the daemon stays one static program and survives a module that crashes.
//
// The daemon writes one Request in JSON a line, the helper answers each with one Response a line, in order.
package token

import (
	"bufio"
	"crypto"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds a line, in octets; the largest public keys and signatures take about 4 KiB.
const maxLine = 64 << 10

// A Key names a key in a token.
type Key struct {
	Module string `json:"module"` // path of the shared library
	Token  string `json:"token,omitempty"`
	Serial string `json:"serial,omitempty"`
	Label  string `json:"label,omitempty"`
	ID     string `json:"id,omitempty"` // octets
	PIN    string `json:"pin,omitempty"`
}

// A Request asks for the public key, or for a signature if there is a digest.
type Request struct {
	Key    Key         `json:"key"`
	Digest []byte      `json:"digest,omitempty"`
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

// A Response is the public key (SubjectPublicKeyInfo) or a signature, or what went wrong.
type Response struct {
	Public    []byte `json:"public,omitempty"`
	Signature []byte `json:"signature,omitempty"`
	Error     string `json:"error,omitempty"`
}

// Serve answers requests with answer until r ends. It is the helper's side.
func Serve(r io.Reader, w io.Writer, answer func(Request) (Response, error)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	out := json.NewEncoder(w)
	for lines.Scan() {
		var request Request
		if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
			return fmt.Errorf("malformed request: %w", err)
		}
		response, err := answer(request)
		if err != nil {
			response = Response{Error: err.Error()}
		}
		if err := out.Encode(response); err != nil {
			return err
		}
	}
	return lines.Err()
}

// A Client is the daemon's side. It is for one goroutine at a time.
type Client struct {
	out io.Writer
	in  *bufio.Scanner
}

// NewClient speaks to a helper over its standard output r and input w.
func NewClient(r io.Reader, w io.Writer) *Client {
	in := bufio.NewScanner(r)
	in.Buffer(nil, maxLine)
	return &Client{out: w, in: in}
}

// ErrHelper means that the helper is not usable any more, in contrast to what a token refuses.
var ErrHelper = errors.New("the PKCS #11 helper does not answer")

// Ask sends a request and returns its answer.
func (c *Client) Ask(r Request) (Response, error) {
	if err := json.NewEncoder(c.out).Encode(r); err != nil {
		return Response{}, fmt.Errorf("%w: %w", ErrHelper, err)
	}
	if !c.in.Scan() {
		return Response{}, fmt.Errorf("%w: %w", ErrHelper, errors.Join(c.in.Err(), io.ErrUnexpectedEOF))
	}
	var response Response
	if err := json.Unmarshal(c.in.Bytes(), &response); err != nil {
		return Response{}, fmt.Errorf("%w: %w", ErrHelper, err)
	}
	if response.Error != "" {
		return Response{}, errors.New(response.Error)
	}
	return response, nil
}
