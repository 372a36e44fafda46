package peap

import (
	"errors"
	"fmt"

	"culvert/eap"
	"culvert/eap/carrier"
)

// A Client is the method of a peer.
type Client struct {
	config  carrier.Config
	inner   eap.Client
	binding bool
}

// NewClient returns the method, which runs another client's conversations inside the tunnel. With binding required, a server
// that does not tie them to the tunnel is refused; without, it may leave that out, but not get it wrong.
func NewClient(config carrier.Config, inner eap.Client, bindingRequired bool) (*Client, error) {
	if inner == nil {
		return nil, errors.New("no method inside")
	}
	return &Client{config, inner, bindingRequired}, config.Check(false)
}

// Type returns PEAP.
func (*Client) Type() eap.Type { return eap.TypePEAP }

// Properties returns the claims of the method.
func (*Client) Properties() eap.Properties { return properties() }

// Begin starts one run.
func (c *Client) Begin(s eap.Session, identity string) (eap.Exchange, error) {
	return c.config.Begin(s, eap.TypePEAP, false, version, func(t *carrier.Tunnel) (carrier.Outcome, error) {
		if err := t.Handshake(); err != nil {
			return carrier.Outcome{}, err
		}
		conversation, err := c.inner.Begin(inner(s, identity))
		if err != nil {
			return carrier.Outcome{}, err
		}
		defer conversation.Close()
		v, err := (&clientRun{t, conversation, c.binding, 0}).run()
		if err != nil {
			v.result.MSK.Clear()
			return carrier.Outcome{}, err
		}
		return outcome(t, v)
	})
}

// clientRun is the client's side of the tunnel.
type clientRun struct {
	tunnel     *carrier.Tunnel
	inner      eap.Conversation
	binding    bool  // required
	identifier uint8 // of the last inner request
}

// run answers inner requests until the server says how it ends.
func (r *clientRun) run() (verdict, error) {
	for {
		message, err := r.tunnel.ReadMessage()
		if err != nil {
			return verdict{}, err
		}
		if p, ok := asExtensions(eap.CodeRequest, message); ok {
			return r.conclude(p)
		}
		if err := r.answer(message); err != nil {
			return verdict{}, err
		}
	}
}

// answer gives a request to the inner conversation.
func (r *clientRun) answer(message []byte) error {
	r.identifier++
	request, err := expand(eap.CodeRequest, r.identifier, message)
	if err != nil {
		return protocol("server", err)
	}
	result := r.inner.Step(r.tunnel.Context(), request)
	switch {
	case result.Err != nil && result.Packet == nil:
		return result.Err
	case result.Packet == nil:
		return protocol("server", fmt.Errorf("%w: a request that the inner method has no use for", errInner))
	}
	return r.tunnel.Write(strip(result.Packet))
}

// conclude checks the server's result against what the inner conversation has come to, and answers it. A server that says
// success before the inner method is done has proven nothing.
func (r *clientRun) conclude(p eap.Packet) (verdict, error) {
	said, err := parseExtensions(p.Data)
	if err != nil {
		return verdict{}, protocol("server", err)
	}
	code := eap.CodeFailure
	if said.result == resultSuccess {
		code = eap.CodeSuccess
	}
	v := verdict{result: r.inner.Step(r.tunnel.Context(), eap.Packet{Code: code, Identifier: r.identifier}.Encode())}
	reply := extensions{result: resultSuccess}
	err = v.result.Err
	if err == nil && v.result.State != eap.Succeeded {
		err = protocol("server", fmt.Errorf("%w: a result before the end", errInner))
	}
	if err == nil {
		reply.binding, err = r.bind(said.binding, v.result)
	}
	if err != nil {
		reply = extensions{result: resultFailure}
	}
	v.bound = reply.binding != nil
	if werr := r.tunnel.Write(reply.packet(eap.CodeResponse, p.Identifier)); err == nil {
		err = werr
	}
	return v, err
}

// bind checks the server's crypto binding and returns our answer, or nil if there is none.
func (r *clientRun) bind(request *binding, result eap.Result) (*binding, error) {
	if request == nil {
		if r.binding {
			return nil, unbound("server", "is missing")
		}
		return nil, nil
	}
	ipmk, cmk, err := compoundKeys(r.tunnel, result.MSK)
	if err != nil {
		return nil, err
	}
	defer ipmk.Clear()
	defer cmk.Clear()
	if !request.verify(cmk, bindingRequest) {
		return nil, unbound("server", "is wrong")
	}
	response := request.response()
	response.sign(cmk)
	return response, nil
}
