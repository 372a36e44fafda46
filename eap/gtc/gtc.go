// Package gtc is the EAP method Generic Token Card (RFC 3748, Section 5.6): a prompt and what a person enters, a one-time
// password or a password, in clear. It makes no keys and does not prove the server.
//
// The server sees the password, so the method is used inside a tunnel only, unless Bare is set.
package gtc

import (
	"bytes"
	"context"
	"fmt"

	"culvert/eap"
	"culvert/explain"
	"culvert/secret"
)

// maxPrompts bounds the prompts of one conversation, as for a next token code.
const maxPrompts = 8

// maxAnswer bounds what is taken for a password.
const maxAnswer = 1024

// Client is the method for a peer.
type Client struct {
	Password eap.Password // is asked with the server's prompt
	Bare     bool         // answer outside a tunnel, too: to the server that IKE has authenticated
}

// Type returns Generic Token Card.
func (Client) Type() eap.Type { return eap.TypeGTC }

// Properties claims nothing, and keeps the method inside tunnels.
func (c Client) Properties() eap.Properties { return eap.Properties{TunnelOnly: !c.Bare} }

// Begin starts one run.
func (c Client) Begin(eap.Session, string) (eap.Exchange, error) {
	return &client{password: c.Password}, nil
}

type client struct {
	password eap.Password
	prompts  int
}

// Step answers a prompt; there may be more.
func (c *client) Step(ctx context.Context, in eap.Input) eap.Step {
	if c.prompts++; c.prompts > maxPrompts {
		return eap.Fail(&eap.Failure{Code: explain.EAPTooLong, Cause: fmt.Sprintf("the server asks more than %d times", maxPrompts),
			Action: "look at the log of the server"})
	}
	answer, err := c.password(ctx, eap.Displayable(in.Packet.Data))
	if err != nil {
		return eap.Fail(err)
	}
	defer answer.Clear()
	return eap.Step{State: eap.Succeeded, Data: append([]byte{}, answer...)}
}

func (*client) Close() {}

// Server is the method for an authenticator.
type Server struct {
	Accounts eap.Accounts
	Prompt   string // empty is "Password: "
	Bare     bool   // ask outside a tunnel, too
}

// Type returns Generic Token Card.
func (Server) Type() eap.Type { return eap.TypeGTC }

// Properties claims nothing, and keeps the method inside tunnels.
func (s Server) Properties() eap.Properties { return eap.Properties{TunnelOnly: !s.Bare} }

// Begin starts one run.
func (s Server) Begin(_ eap.Session, identity string) (eap.Exchange, error) {
	return server{s, identity}, nil
}

type server struct {
	Server
	identity string
}

// Step makes the prompt and checks the answer.
func (s server) Step(ctx context.Context, in eap.Input) eap.Step {
	if in.Packet == nil {
		return eap.Step{Data: s.prompt()}
	}
	answer := secret.Bytes(bytes.Clone(in.Packet.Data))
	defer answer.Clear()
	account, err := s.Accounts.Account(ctx, s.identity)
	switch {
	case err != nil:
		return eap.Fail(err)
	case account.Verify == nil:
		return eap.Fail(eap.Missing(s.identity, "a password that EAP-GTC could check"))
	case len(answer) > maxAnswer || !account.Verify(answer):
		return eap.Fail(eap.WrongPassword(s.identity))
	case account.Expired:
		return eap.Fail(eap.PasswordExpired(s.identity))
	}
	return eap.Step{State: eap.Succeeded, Identity: account.User, Grant: account.Grant}
}

func (s server) prompt() []byte {
	if s.Prompt == "" {
		return []byte("Password: ")
	}
	return []byte(s.Prompt)
}

func (server) Close() {}
