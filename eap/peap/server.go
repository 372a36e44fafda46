package peap

import (
	"errors"
	"fmt"

	"culvert/eap"
	"culvert/eap/carrier"
	"culvert/explain"
)

// A Server is the method of a server.
type Server struct {
	config  carrier.Config
	inner   eap.Server
	binding bool
}

// NewServer returns the method, which runs another server's conversations inside the tunnel. Crypto binding is always offered;
// if it is required, a client that leaves it out is refused.
func NewServer(config carrier.Config, inner eap.Server, bindingRequired bool) (*Server, error) {
	if inner == nil {
		return nil, errors.New("no method inside")
	}
	return &Server{config, inner, bindingRequired}, config.Check(true)
}

// Type returns PEAP.
func (*Server) Type() eap.Type { return eap.TypePEAP }

// Properties returns the claims of the method.
func (*Server) Properties() eap.Properties { return properties() }

// Begin starts one run. Inside the tunnel, the client is asked for its identity anew.
func (srv *Server) Begin(s eap.Session, _ string) (eap.Exchange, error) {
	return srv.config.Begin(s, eap.TypePEAP, true, version, func(t *carrier.Tunnel) (carrier.Outcome, error) {
		if err := t.Handshake(); err != nil {
			return carrier.Outcome{}, err
		}
		if !t.TLS13() {
			// The server's Finished is the last message, which the client agrees to before anything else.
			if err := t.Acknowledged(); err != nil {
				return carrier.Outcome{}, err
			}
		}
		conversation, err := srv.inner.Begin(inner(s, ""))
		if err != nil {
			return carrier.Outcome{}, err
		}
		defer conversation.Close()
		v, err := (&serverRun{t, conversation, s, srv.binding}).run()
		if err != nil {
			v.result.MSK.Clear()
			return carrier.Outcome{}, err
		}
		return outcome(t, v)
	})
}

// serverRun is the server's side of the tunnel.
type serverRun struct {
	tunnel  *carrier.Tunnel
	inner   eap.Conversation
	session eap.Session
	binding bool // required
}

// run leads the inner conversation to its end and tells the client about it.
func (r *serverRun) run() (verdict, error) {
	result := r.inner.Step(r.tunnel.Context(), nil)
	for result.State == eap.Continuing {
		response, err := r.ask(result)
		if err != nil {
			return verdict{}, err
		}
		result = r.inner.Step(r.tunnel.Context(), response)
	}
	if result.State == eap.Failed {
		_, err := r.exchange(extensions{result: resultFailure})
		return verdict{}, errors.Join(result.Err, err)
	}
	bound, err := r.conclude(result)
	return verdict{result, bound}, err
}

// ask sends an inner request and returns the response.
func (r *serverRun) ask(request eap.Result) ([]byte, error) {
	if request.Packet == nil {
		return nil, protocol("client", fmt.Errorf("%w: a response that the inner method has no use for", errInner))
	}
	if err := r.tunnel.Write(strip(request.Packet)); err != nil {
		return nil, err
	}
	message, err := r.tunnel.ReadMessage()
	if err != nil {
		return nil, err
	}
	response, err := expand(eap.CodeResponse, request.Packet[1], message)
	if err != nil {
		return nil, protocol("client", err)
	}
	return response, nil
}

// conclude tells the client about success, with a crypto binding, and checks what it says to it.
func (r *serverRun) conclude(result eap.Result) (bound bool, err error) {
	request, err := newBinding(r.session.Random())
	if err != nil {
		return false, err
	}
	ipmk, cmk, err := compoundKeys(r.tunnel, result.MSK)
	if err != nil {
		return false, err
	}
	defer ipmk.Clear()
	defer cmk.Clear()
	request.sign(cmk)
	said, err := r.exchange(extensions{resultSuccess, request})
	switch {
	case err != nil:
		return false, err
	case said.result != resultSuccess:
		return false, &eap.Failure{Code: explain.EAPServerUnknown, Cause: "the client refuses us at the end of PEAP", Action: "look at the log of the client"}
	case said.binding == nil && r.binding:
		return false, unbound("client", "is missing")
	case said.binding == nil:
		return false, nil
	case !said.binding.verify(cmk, bindingResponse) || !said.binding.answers(request):
		return false, unbound("client", "is wrong")
	}
	return true, nil
}

// exchange sends a packet of the Extensions method and returns the answer.
func (r *serverRun) exchange(e extensions) (extensions, error) {
	if err := r.tunnel.Write(e.packet(eap.CodeRequest, 0)); err != nil {
		return extensions{}, err
	}
	message, err := r.tunnel.ReadMessage()
	if err != nil {
		return extensions{}, err
	}
	p, ok := asExtensions(eap.CodeResponse, message)
	if !ok {
		return extensions{}, protocol("client", errTLV)
	}
	said, err := parseExtensions(p.Data)
	if err != nil {
		return extensions{}, protocol("client", err)
	}
	return said, nil
}
