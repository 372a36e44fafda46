package ttls

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"

	"culvert/eap"
	"culvert/eap/carrier"
	"culvert/eap/mschapv2"
	"culvert/explain"
	"culvert/secret"
)

// maxPassword bounds what is taken for a password, in octets.
const maxPassword = 1024

// Methods are what a server accepts inside the tunnel.
type Methods struct {
	PAP      eap.Accounts // nil: not accepted
	MSCHAPv2 eap.Accounts // nil: not accepted
	EAP      eap.Server   // nil: not accepted
}

// A Server is the method of a server.
type Server struct {
	config  carrier.Config
	methods Methods
}

// NewServer returns the method.
func NewServer(config carrier.Config, methods Methods) (*Server, error) {
	if methods.PAP == nil && methods.MSCHAPv2 == nil && methods.EAP == nil {
		return nil, errors.New("no method inside")
	}
	return &Server{config, methods}, config.Check(true)
}

// Type returns EAP-TTLS.
func (*Server) Type() eap.Type { return eap.TypeTTLS }

// Properties returns the claims of the method.
func (*Server) Properties() eap.Properties { return properties() }

// Begin starts one run. The name inside the tunnel counts, not that outside.
func (srv *Server) Begin(s eap.Session, _ string) (eap.Exchange, error) {
	return srv.config.Begin(s, eap.TypeTTLS, true, 0, func(t *carrier.Tunnel) (carrier.Outcome, error) {
		if err := t.Handshake(); err != nil {
			return carrier.Outcome{}, err
		}
		o, err := (&serverRun{t, s, srv.methods}).run()
		if err != nil {
			return carrier.Outcome{}, err
		}
		o.MSK, err = t.MSK(label)
		return o, err
	})
}

// serverRun is the server's side of the tunnel.
type serverRun struct {
	tunnel  *carrier.Tunnel
	session eap.Session
	methods Methods
}

// run takes the method that the client begins with (RFC 5281, Section 11.2).
func (r *serverRun) run() (carrier.Outcome, error) {
	m, err := r.read()
	if err != nil {
		return carrier.Outcome{}, err
	}
	switch {
	case m.has(attribute{code: avpEAPMessage}) && r.methods.EAP != nil:
		return r.eap(m[attribute{code: avpEAPMessage}])
	case m.has(attribute{code: avpUserPassword}) && r.methods.PAP != nil:
		return r.pap(string(m[attribute{code: avpUserName}]), m[attribute{code: avpUserPassword}])
	case m.has(microsoft(avpCHAP2Response)) && r.methods.MSCHAPv2 != nil:
		return r.mschapv2(m)
	}
	return carrier.Outcome{}, &eap.Failure{Code: explain.EAPNoMethod, Cause: "the client begins a method inside EAP-TTLS that is not accepted here",
		Action: "allow a method on both sides"}
}

// read waits for the client's AVPs.
func (r *serverRun) read() (message, error) {
	b, err := r.tunnel.ReadMessage()
	if err != nil {
		return nil, err
	}
	m, err := readMessage(b)
	if err != nil {
		return nil, protocol("client", err)
	}
	return m, nil
}

// pap checks a password.
func (r *serverRun) pap(user string, padded secret.Bytes) (carrier.Outcome, error) {
	defer padded.Clear()
	account, err := r.methods.PAP.Account(r.tunnel.Context(), user)
	switch {
	case err != nil:
		return carrier.Outcome{}, err
	case account.Verify == nil:
		return carrier.Outcome{}, eap.Missing(user, "a password")
	case len(padded) > maxPassword || !account.Verify(bytes.TrimRight(padded, "\x00")):
		return carrier.Outcome{}, eap.WrongPassword(user)
	case account.Expired:
		return carrier.Outcome{}, eap.PasswordExpired(user)
	}
	return carrier.Outcome{Identity: account.User, Grant: account.Grant}, nil
}

// mschapv2 checks the client's proof and gives ours, which the client agrees to.
func (r *serverRun) mschapv2(m message) (carrier.Outcome, error) {
	user := string(m[attribute{code: avpUserName}])
	value, response, err := r.proof(m)
	if err != nil {
		return carrier.Outcome{}, err
	}
	account, proof, err := mschapv2.Server{Accounts: r.methods.MSCHAPv2}.Check(r.tunnel.Context(), user, value, response.peer, response.nt)
	if err != nil {
		return carrier.Outcome{}, err
	}
	success := avp{microsoft(avpCHAP2Success), true, append([]byte{response.identifier}, proof...)}
	if err := r.tunnel.Write(encodeAVPs(success)); err != nil {
		return carrier.Outcome{}, err
	}
	return carrier.Outcome{Identity: account.User, Grant: account.Grant}, r.tunnel.Acknowledged()
}

// proof returns the challenge and the client's response to it. The challenge that the client repeats must be that of this
// tunnel: one from elsewhere is a proof that was stolen.
func (r *serverRun) proof(m message) ([]byte, chapResponse, error) {
	response, err := parseChapResponse(m[microsoft(avpCHAP2Response)])
	if err != nil {
		return nil, chapResponse{}, protocol("client", err)
	}
	value, identifier, err := challenge(r.tunnel)
	if err != nil {
		return nil, chapResponse{}, err
	}
	if subtle.ConstantTimeCompare(value, m[microsoft(avpCHAPChallenge)]) != 1 || identifier != response.identifier {
		return nil, chapResponse{}, &eap.Failure{Code: explain.EAPTLSBinding, Cause: "the client answers another challenge than that of the tunnel of EAP-TTLS",
			Action: "look who is between client and server"}
	}
	return value, response, nil
}

// eap leads a conversation. The client has sent its identity unasked, so the request for it, which ours begins with, is left out.
func (r *serverRun) eap(response []byte) (carrier.Outcome, error) {
	conversation, err := r.methods.EAP.Begin(inner(r.session, ""))
	if err != nil {
		return carrier.Outcome{}, err
	}
	defer conversation.Close()
	result := conversation.Step(r.tunnel.Context(), nil)
	if len(result.Packet) > 1 && len(response) > 1 {
		response[1] = result.Packet[1]
	}
	for {
		result = conversation.Step(r.tunnel.Context(), response)
		if result.State == eap.Succeeded {
			result.MSK.Clear()
			return carrier.Outcome{Identity: result.Identity, Grant: result.Grant}, nil
		}
		if response, err = r.ask(result); err != nil {
			return carrier.Outcome{}, err
		}
	}
}

// ask sends an inner request and returns the response. A failure is sent, too, so that the client's method can say why.
func (r *serverRun) ask(request eap.Result) ([]byte, error) {
	if request.Packet == nil {
		return nil, errors.Join(request.Err, protocol("client", fmt.Errorf("%w: a response that the inner method has no use for", errAVP)))
	}
	if err := r.tunnel.Write(encodeAVPs(avp{attribute{code: avpEAPMessage}, true, request.Packet})); err != nil {
		return nil, err
	}
	if request.Err != nil {
		return nil, errors.Join(request.Err, r.tunnel.Await())
	}
	m, err := r.read()
	return m[attribute{code: avpEAPMessage}], err
}
