package ike

import (
	"context"
	"io"

	"culvert/explain"
	"culvert/secret"
	"culvert/suite"
	"culvert/wire"
)

// keResult is what the work of a key exchange (RFC 7296, Section 2.7) comes to.
type keResult struct {
	ours   *suite.KeyExchange // of generateKE
	public []byte             // what we send
	shared secret.Bytes       // g^ir
	err    error
}

// generateKE makes a key pair for a request.
type generateKE struct {
	method wire.TransformID
	rand   io.Reader
}

// Run returns a keResult.
func (w generateKE) Run(context.Context) any {
	ours, err := suite.NewKeyExchange(w.method, w.rand)
	if err != nil {
		return keResult{err: err}
	}
	return keResult{ours: ours, public: ours.Public()}
}

// Quick is that of QuickWork.
func (w generateKE) Quick() bool { return quickKE(w.method) }

// respondKE answers the public value of a request.
type respondKE struct {
	method wire.TransformID
	peer   []byte
	rand   io.Reader
}

// Run returns a keResult.
func (w respondKE) Run(context.Context) any {
	public, shared, err := suite.RespondKeyExchange(w.method, w.peer, w.rand)
	return keResult{public: public, shared: shared, err: err}
}

// Quick is that of QuickWork.
func (w respondKE) Quick() bool { return quickKE(w.method) }

// finishKE takes the public value of a response.
type finishKE struct {
	ours *suite.KeyExchange
	peer []byte
}

// Run returns a keResult.
func (w finishKE) Run(context.Context) any {
	shared, err := w.ours.Finish(w.peer)
	return keResult{shared: shared, err: err}
}

// Quick is that of QuickWork.
func (w finishKE) Quick() bool { return quickKE(w.ours.Method()) }

// keyExchangeFailure makes a Failure of a public value of the peer's that was refused.
func keyExchangeFailure(err error) error { return &Failure{Code: explain.IKEKeyExchange, Err: err} }

// quickKE tells methods that take about 0.1 ms from those that take 0.3 and more.
func quickKE(method wire.TransformID) bool { return method == wire.KECurve25519 }

// finish has the key exchange of a response computed. Until then no further request is sent: the peer would take it for a sign
// that we have what the response has given us.
func (sa *SA) finish(in *inbound, w finishKE, then func(keResult)) {
	sa.requests.hold(in.MessageID)
	sa.start(w, func(result any) error {
		sa.requests.letGo(in.MessageID)
		then(result.(keResult))
		return nil
	})
}
