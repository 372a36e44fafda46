// Package md5 is the EAP method MD5-Challenge (RFC 3748, Section 5.4): CHAP, without keys and without proof of the server.
//
// It is for old clients and for tests: the server must keep passwords in clear, and whoever reads the exchange can try
// passwords offline. In IKE only a server that has authenticated itself reads it.
package md5

import (
	"context"
	stdmd5 "crypto/md5"
	"errors"
	"fmt"
	"io"

	"culvert/eap"
	"culvert/explain"
	"culvert/secret"
)

// challengeLen is the length of our challenges; those of others may have any length that fits.
const challengeLen = 16

var errLengths = errors.New("lengths contradict each other")

// parse reads | size (1) | value | name ... | (RFC 1994, Section 4.1).
func parse(b []byte) (value, name []byte, err error) {
	if len(b) == 0 || b[0] == 0 || len(b) < 1+int(b[0]) {
		return nil, nil, fmt.Errorf("MD5-Challenge of %d octets: %w", len(b), errLengths)
	}
	end := 1 + int(b[0])
	return b[1:end], b[end:], nil
}

// encode makes the same; a value has 1 to 255 octets.
func encode(value []byte, name string) []byte {
	return append(append([]byte{byte(len(value))}, value...), name...)
}

// hash is the value of a response: MD5 over identifier, secret and challenge (RFC 1994, Section 4.1).
func hash(identifier uint8, password secret.Bytes, challenge []byte) []byte {
	h := stdmd5.New()
	h.Write([]byte{identifier})
	h.Write(password)
	h.Write(challenge)
	return h.Sum(nil)
}

// Client is the method for a peer.
type Client struct{ Password eap.Password }

// Type returns MD5-Challenge.
func (Client) Type() eap.Type { return eap.TypeMD5Challenge }

// Properties claims nothing.
func (Client) Properties() eap.Properties { return eap.Properties{} }

// Begin starts one run.
func (c Client) Begin(_ eap.Session, identity string) (eap.Exchange, error) {
	return client{c.Password, identity}, nil
}

type client struct {
	password eap.Password
	identity string
}

// Step answers a challenge. There is nothing that the server could prove, so the method is done with the answer.
func (c client) Step(ctx context.Context, in eap.Input) eap.Step {
	challenge, _, err := parse(in.Packet.Data)
	if err != nil {
		return eap.Fail(&eap.Failure{Code: explain.EAPMalformed, Cause: "the server's challenge cannot be read", Action: "look at the server", Err: err})
	}
	password, err := c.password(ctx, fmt.Sprintf("Password of %s", c.identity))
	if err != nil {
		return eap.Fail(err)
	}
	defer password.Clear()
	return eap.Step{State: eap.Succeeded, Data: encode(hash(in.Identifier, password, challenge), c.identity)}
}

func (client) Close() {}

// Server is the method for an authenticator.
type Server struct{ Accounts eap.Accounts }

// Type returns MD5-Challenge.
func (Server) Type() eap.Type { return eap.TypeMD5Challenge }

// Properties claims nothing.
func (Server) Properties() eap.Properties { return eap.Properties{} }

// Begin starts one run.
func (s Server) Begin(session eap.Session, identity string) (eap.Exchange, error) {
	x := &server{accounts: s.Accounts, identity: identity, challenge: make([]byte, challengeLen)}
	_, err := io.ReadFull(session.Random(), x.challenge)
	return x, err
}

type server struct {
	accounts  eap.Accounts
	identity  string
	challenge []byte
}

// Step makes the challenge and checks the response. The name in the response is only a label; the identity counts.
func (s *server) Step(ctx context.Context, in eap.Input) eap.Step {
	if in.Packet == nil {
		return eap.Step{Data: encode(s.challenge, "")}
	}
	value, _, err := parse(in.Packet.Data)
	if err != nil {
		return eap.Fail(&eap.Failure{Code: explain.EAPMalformed, Cause: "the client's response cannot be read", Action: "look at the client", Err: err})
	}
	account, err := s.accounts.Account(ctx, s.identity)
	if err != nil {
		return eap.Fail(err)
	}
	if account.Cleartext == nil {
		return eap.Fail(eap.Missing(s.identity, "its password in clear, which EAP-MD5 needs"))
	}
	if !secret.Bytes(value).Equal(hash(in.Packet.Identifier, account.Cleartext, s.challenge)) {
		return eap.Fail(eap.WrongPassword(s.identity))
	}
	if account.Expired {
		return eap.Fail(eap.PasswordExpired(s.identity))
	}
	return eap.Step{State: eap.Succeeded, Identity: account.User, Grant: account.Grant}
}

func (*server) Close() {}
