package mschapv2

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"culvert/eap"
	"culvert/explain"
	"culvert/secret"
)

// claims are the properties on both sides.
var claims = eap.Properties{Mutual: true, Keys: true}

// Client is the method for a peer, with a password or its NT hash.
type Client struct {
	Password eap.Password
	NTHash   secret.Bytes // instead of the password, if not nil; not changed or cleared
}

// Type returns MSCHAPv2.
func (Client) Type() eap.Type { return eap.TypeMSCHAPv2 }

// Properties returns the claims of the method, which can be attacked by dictionary.
func (Client) Properties() eap.Properties { return claims }

// Begin starts one run.
func (c Client) Begin(s eap.Session, identity string) (eap.Exchange, error) {
	x := &client{Client: c, name: identity}
	_, err := io.ReadFull(s.Random(), x.challenge[:])
	return x, err
}

type client struct {
	Client
	name      string
	challenge [ChallengeLen]byte
	want      string       // the server's proof, once we have answered; what may come next follows from that
	msk       secret.Bytes // of the answer
	done      bool
}

// Step answers Challenge, Success and Failure, each once.
func (c *client) Step(ctx context.Context, in eap.Input) eap.Step {
	p, err := parse(in.Packet.Data)
	if err != nil {
		return malformed("server", err)
	}
	switch {
	case p.op == opChallenge && c.want == "":
		return c.respond(ctx, p)
	case p.op == opSuccess && c.want != "" && !c.done:
		return c.confirm(p.data)
	case p.op == opFailure && c.want != "" && !c.done:
		return eap.Step{State: eap.Failed, Data: short(opFailure), Err: parseFailure(p.data, c.name)}
	}
	return outOfOrder("server", p.op)
}

// respond proves the password.
func (c *client) respond(ctx context.Context, p packet) eap.Step {
	challenge, _, err := parseValue(p.data, ChallengeLen)
	if err != nil {
		return malformed("server", err)
	}
	ntHash, err := c.Hash(ctx, c.name)
	if err != nil {
		return eap.Fail(err)
	}
	defer ntHash.Clear()
	nt := NTResponse(challenge, c.challenge[:], c.name, ntHash)
	c.want = AuthenticatorResponse(ntHash, nt, c.challenge[:], challenge, c.name)
	c.msk = MSK(ntHash, nt)
	value := append(append(append([]byte{}, c.challenge[:]...), make([]byte, 8)...), nt...)
	return eap.Step{Data: packet{opResponse, p.id, encodeValue(append(value, 0), c.name)}.encode()}
}

// Hash returns the NT hash of the client's password, which the caller clears. The name is for the prompt.
func (c Client) Hash(ctx context.Context, name string) (secret.Bytes, error) {
	if c.NTHash != nil {
		return bytes.Clone(c.NTHash), nil
	}
	password, err := c.Password(ctx, fmt.Sprintf("Password of %s", name))
	if err != nil {
		return nil, err
	}
	defer password.Clear()
	return NTHash(password), nil
}

// confirm checks the server's proof. Without it, the method is not done, whatever the server says.
func (c *client) confirm(message []byte) eap.Step {
	if err := CheckProof(message, c.want, c.name); err != nil {
		return eap.Fail(err)
	}
	c.done = true
	msk := c.msk
	c.msk = nil
	return eap.Step{State: eap.Succeeded, Data: short(opSuccess), MSK: msk}
}

// CheckProof compares a server's message with the AuthenticatorResponse that is due, in constant time. The error is a *Failure.
func CheckProof(message []byte, want, name string) error {
	proof, _, _ := strings.Cut(string(message), " ")
	got, err := hex.DecodeString(strings.TrimPrefix(proof, "S="))
	due, _ := hex.DecodeString(want[2:])
	if err == nil && secret.Bytes(got).Equal(due) {
		return nil
	}
	return &eap.Failure{Code: explain.EAPServerUnknown, Cause: fmt.Sprintf("the server does not know the password of %q", name),
		Action: "do not use this server until it is clear why"}
}

// Close clears the key.
func (c *client) Close() { c.msk.Clear() }
