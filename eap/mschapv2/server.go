package mschapv2

import (
	"context"
	"errors"
	"io"

	"culvert/eap"
	"culvert/explain"
	"culvert/secret"
)

// Server is the method for an authenticator. It needs the NT hash of the accounts.
type Server struct {
	Accounts eap.Accounts
	Name     string // of the server, which clients may show; empty is "culvert"
}

// Type returns MSCHAPv2.
func (Server) Type() eap.Type { return eap.TypeMSCHAPv2 }

// Properties returns the claims of the method, which can be attacked by dictionary.
func (Server) Properties() eap.Properties { return claims }

// Begin starts one run.
func (s Server) Begin(session eap.Session, _ string) (eap.Exchange, error) {
	x := &server{Server: s}
	_, err := io.ReadFull(session.Random(), x.challenge[:])
	return x, err
}

// server goes through: Challenge sent, then Success or Failure sent, then the client's acknowledgement.
type server struct {
	Server
	id        uint8
	challenge [ChallengeLen]byte
	account   *eap.Account // proven: Success was sent
	msk       secret.Bytes
	failed    error // Failure was sent
}

// Step takes the client's packets one after the other.
func (s *server) Step(ctx context.Context, in eap.Input) eap.Step {
	if in.Packet == nil {
		s.id = in.Identifier
		return eap.Step{Data: packet{opChallenge, s.id, encodeValue(s.challenge[:], s.name())}.encode()}
	}
	if s.failed != nil {
		// Whatever it says, as a new password, nothing follows but EAP-Failure.
		return eap.Fail(s.failed)
	}
	p, err := parse(in.Packet.Data)
	switch {
	case err != nil:
		return malformed("client", err)
	case s.account != nil && p.op == opSuccess:
		return s.succeed()
	case s.account == nil && p.op == opResponse:
		return s.check(ctx, p)
	}
	return outOfOrder("client", p.op)
}

func (s *server) name() string {
	if s.Name == "" {
		return "culvert"
	}
	return s.Name
}

// check answers the client's proof. An unknown user looks like a wrong password from outside.
func (s *server) check(ctx context.Context, p packet) eap.Step {
	value, name, err := parseValue(p.data, responseLen)
	if err != nil {
		return malformed("client", err)
	}
	peer, nt := value[:ChallengeLen], value[ChallengeLen+8:responseLen-1]
	account, proof, err := s.Check(ctx, name, s.challenge[:], peer, nt)
	switch {
	case err != nil && eap.AsFailure(eap.TypeMSCHAPv2, err).Code == explain.EAPExpired:
		return s.fail(errorExpired, "Password expired", err)
	case err != nil:
		return s.fail(errorWrong, "Authentication failed", err)
	}
	s.account, s.msk = account, MSK(account.NTHash, nt)
	return eap.Step{Data: packet{opSuccess, s.id, []byte(proof + " M=OK")}.encode()}
}

// Check looks up who a client says it is, compares its proof, and returns ours. The error is a *Failure.
func (s Server) Check(ctx context.Context, name string, challenge, peer, ntResponse []byte) (*eap.Account, string, error) {
	account, err := s.find(ctx, name)
	if err != nil {
		return nil, "", err
	}
	if want := NTResponse(challenge, peer, name, account.NTHash); !secret.Bytes(ntResponse).Equal(want) {
		return nil, "", eap.WrongPassword(name)
	}
	if account.Expired {
		return nil, "", eap.PasswordExpired(name)
	}
	return account, AuthenticatorResponse(account.NTHash, ntResponse, peer, challenge, name), nil
}

// find looks the name up as it was sent, then without the domain in front, which Windows puts there unasked.
func (s Server) find(ctx context.Context, name string) (*eap.Account, error) {
	account, err := s.Accounts.Account(ctx, name)
	if f, ok := errors.AsType[*eap.Failure](err); ok && f.Code == explain.EAPUserUnknown && UserName(name) != name {
		account, err = s.Accounts.Account(ctx, UserName(name))
	}
	if err != nil {
		return nil, err
	}
	if len(account.NTHash) != HashLen {
		return nil, eap.Missing(name, "the NT hash of its password, which MSCHAPv2 needs")
	}
	return account, nil
}

// fail sends a Failure request; the run ends with the client's acknowledgement.
func (s *server) fail(code int, text string, err error) eap.Step {
	s.failed = err
	return eap.Step{Data: packet{opFailure, s.id, failureMessage(code, s.challenge[:], text)}.encode(), Verdict: err}
}

func (s *server) succeed() eap.Step {
	msk := s.msk
	s.msk = nil
	return eap.Step{State: eap.Succeeded, MSK: msk, Identity: s.account.User, Grant: s.account.Grant}
}

// Close clears the key.
func (s *server) Close() { s.msk.Clear() }
