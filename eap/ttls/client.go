package ttls

import (
	"context"
	"errors"
	"fmt"
	"io"

	"culvert/eap"
	"culvert/eap/carrier"
	"culvert/eap/mschapv2"
	"culvert/explain"
	"culvert/secret"
)

// An Inner is how a client authenticates inside the tunnel.
type Inner func(r *clientRun) error

// A Client is the method of a peer.
type Client struct {
	config carrier.Config
	user   string
	inner  Inner
}

// NewClient returns the method. User is the name inside the tunnel; empty is that outside of it.
func NewClient(config carrier.Config, user string, inner Inner) (*Client, error) {
	if inner == nil {
		return nil, errors.New("no method inside")
	}
	return &Client{config, user, inner}, config.Check(false)
}

// Type returns EAP-TTLS.
func (*Client) Type() eap.Type { return eap.TypeTTLS }

// Properties returns the claims of the method.
func (*Client) Properties() eap.Properties { return properties() }

// Begin starts one run.
func (c *Client) Begin(s eap.Session, identity string) (eap.Exchange, error) {
	if c.user != "" {
		identity = c.user
	}
	return c.config.Begin(s, eap.TypeTTLS, false, 0, func(t *carrier.Tunnel) (carrier.Outcome, error) {
		if err := t.Handshake(); err != nil {
			return carrier.Outcome{}, err
		}
		if err := c.inner(&clientRun{t, s, identity}); err != nil {
			return carrier.Outcome{}, err
		}
		msk, err := t.MSK(label)
		return carrier.Outcome{MSK: msk}, err
	})
}

// clientRun is the client's side of the tunnel.
type clientRun struct {
	tunnel  *carrier.Tunnel
	session eap.Session
	user    string
}

func (r *clientRun) userName() avp {
	return avp{attribute{code: avpUserName}, true, []byte(r.user)}
}

// write sends AVPs.
func (r *clientRun) write(all ...avp) error {
	b := secret.Bytes(encodeAVPs(all...))
	defer b.Clear()
	return r.tunnel.Write(b)
}

// read waits for the server's AVPs.
func (r *clientRun) read() (message, error) {
	b, err := r.tunnel.ReadMessage()
	if err != nil {
		return nil, err
	}
	m, err := readMessage(b)
	if err != nil {
		return nil, protocol("server", err)
	}
	return m, nil
}

// PAP sends the password, which the server sees, in the tunnel that nobody else sees into (RFC 5281, Section 11.2.5). Success
// or failure follows outside.
func PAP(password eap.Password) Inner {
	return func(r *clientRun) error {
		p, err := password(r.tunnel.Context(), "Password of "+r.user)
		if err != nil {
			return err
		}
		padded := padPassword(p)
		defer padded.Clear()
		p.Clear()
		return r.write(r.userName(), avp{attribute{code: avpUserPassword}, true, padded})
	}
}

// MSCHAPv2 proves the password and has the server prove it, too (RFC 5281, Section 11.2.4).
func MSCHAPv2(client mschapv2.Client) Inner {
	return func(r *clientRun) error {
		want, err := r.prove(r.tunnel.Context(), client)
		if err != nil {
			return err
		}
		m, err := r.read()
		if err != nil {
			return err
		}
		if text, ok := m[microsoft(avpCHAPError)]; ok {
			return refusedPassword(text)
		}
		success := m[microsoft(avpCHAP2Success)]
		if len(success) < 1 {
			return protocol("server", fmt.Errorf("%w: no proof of the server", errAVP))
		}
		return mschapv2.CheckProof(success[1:], want, r.user)
	}
}

// prove sends the proof and returns the server's that is due.
func (r *clientRun) prove(ctx context.Context, client mschapv2.Client) (want string, err error) {
	value, identifier, err := challenge(r.tunnel)
	if err != nil {
		return "", err
	}
	hash, err := client.Hash(ctx, r.user)
	if err != nil {
		return "", err
	}
	defer hash.Clear()
	var peer [mschapv2.ChallengeLen]byte
	if _, err := io.ReadFull(r.session.Random(), peer[:]); err != nil {
		return "", err
	}
	nt := mschapv2.NTResponse(value, peer[:], r.user, hash)
	err = r.write(r.userName(), avp{microsoft(avpCHAPChallenge), true, value},
		avp{microsoft(avpCHAP2Response), true, chapResponse{identifier, peer[:], nt}.encode()})
	return mschapv2.AuthenticatorResponse(hash, nt, peer[:], value, r.user), err
}

func refusedPassword(text []byte) *eap.Failure {
	said := ""
	if len(text) > 1 {
		said = eap.Displayable(text[1:])
	}
	return &eap.Failure{Code: explain.EAPPassword, Cause: fmt.Sprintf("the server refuses the password inside EAP-TTLS and says %q", said),
		Action: "correct user name and password"}
}

// EAP runs a conversation in the tunnel (RFC 5281, Section 11.2.1), which the client opens with its identity. Where its method
// is content, the server may say success outside.
func EAP(client eap.Client) Inner {
	return func(r *clientRun) error {
		conversation, err := client.Begin(inner(r.session, r.user))
		if err != nil {
			return err
		}
		defer conversation.Close()
		request := eap.Packet{Code: eap.CodeRequest, Type: eap.TypeIdentity}.Encode()
		for {
			done, err := r.answer(conversation.Step(r.tunnel.Context(), request))
			if done || err != nil {
				return err
			}
			m, err := r.read()
			if err != nil {
				return err
			}
			request = m[attribute{code: avpEAPMessage}]
		}
	}
}

// answer sends what the conversation has come to, or ends it.
func (r *clientRun) answer(result eap.Result) (done bool, err error) {
	switch {
	case result.State == eap.Succeeded:
		result.MSK.Clear()
		return true, nil
	case result.Err != nil:
		return true, result.Err
	case result.Packet == nil:
		return true, protocol("server", fmt.Errorf("%w: a request that the inner method has no use for", errAVP))
	}
	if err := r.write(avp{attribute{code: avpEAPMessage}, true, result.Packet}); err != nil || !result.Content {
		return false, err
	}
	msk, err := r.tunnel.MSK(label)
	r.tunnel.Settle(carrier.Outcome{MSK: msk})
	return false, err
}
