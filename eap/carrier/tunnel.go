package carrier

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"

	"culvert/eap"
	"culvert/secret"
)

// A Program is what a method does on one side over TLS. It runs by turns: it is resumed when a message arrives, and rests
// whenever it waits for one. It starts with Handshake, and must return when a call of the tunnel returns an error.
type Program func(t *Tunnel) (Outcome, error)

// An Outcome is what a program comes to that has authenticated the other side.
type Outcome struct {
	MSK      secret.Bytes // 64 octets
	Identity string       // server: whom; empty is the outer identity
	Grant    *eap.Grant   // server
}

// A Tunnel is what a program works with.
type Tunnel struct {
	conn   *tls.Conn
	stream *stream
	ctx    context.Context // of the step that is being worked on
	typ    eap.Type
	settle func(Outcome)
	keys   *session // nil: only keys that are tied to the session by extended master secret
}

// Context returns the context of the current step, for what blocks.
func (t *Tunnel) Context() context.Context { return t.ctx }

// Handshake runs the TLS handshake. When it returns on the client with TLS 1.3, the server has not yet agreed to the client's
// certificate.
func (t *Tunnel) Handshake() error { return t.conn.Handshake() }

// State returns what was negotiated, once Handshake has returned.
func (t *Tunnel) State() tls.ConnectionState { return t.conn.ConnectionState() }

// TLS13 reports whether TLS 1.3 was negotiated.
func (t *Tunnel) TLS13() bool { return t.State().Version == tls.VersionTLS13 }

// Write sends application data with the message of this turn.
func (t *Tunnel) Write(b []byte) error {
	_, err := t.conn.Write(b)
	return err
}

// ReadMessage returns the application data of one message, which may come in several records. It waits for messages until
// there is some. What it returns is the caller's, and no more than MaxMessage octets.
func (t *Tunnel) ReadMessage() ([]byte, error) {
	defer func() { t.stream.ready = false }()
	var message []byte
	buf := make([]byte, 4096)
	for {
		n, err := t.conn.Read(buf)
		message = append(message, buf[:n]...)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return message, nil
		case err != nil:
			return nil, err
		case len(message) > MaxMessage:
			return nil, fmt.Errorf("%w: more than %d octets of application data", ErrFraming, MaxMessage)
		}
		t.stream.ready = true
	}
}

// Await ends the turn, and returns when the other side has answered, without looking at the answer.
func (t *Tunnel) Await() error { return t.stream.turn() }

// Acknowledged ends the turn and waits for the empty message with which the other side agrees. An alert is an error.
func (t *Tunnel) Acknowledged() error {
	if err := t.Await(); err != nil || t.stream.in.Len() == 0 {
		return err
	}
	if _, err := t.ReadMessage(); err != nil {
		return err
	}
	return fmt.Errorf("%w: data instead of an acknowledgement", ErrFraming)
}

// Settle says, on a client, that EAP-Success may follow the message of this turn, though the program goes on if something else
// does. It holds for one turn.
func (t *Tunnel) Settle(o Outcome) { t.settle(o) }

// exporterLabel is for the keys of every method with TLS 1.3 (RFC 9190, Section 2.3; RFC 9427, Section 2.1).
const exporterLabel = "EXPORTER_EAP_TLS_Key_Material"

// Keys returns the 128 octets of key material. The label is that of TLS 1.2, which methods have chosen for themselves; with
// TLS 1.3 the type is the context instead.
func (t *Tunnel) Keys(label string) (secret.Bytes, error) {
	const size = 128
	if t.TLS13() {
		return t.Export(exporterLabel, []byte{byte(t.typ)}, size)
	}
	return t.Export(label, nil, size)
}

// MSK returns the first 64 octets of the key material.
func (t *Tunnel) MSK(label string) (secret.Bytes, error) {
	const size = 64
	keys, err := t.Keys(label)
	if err != nil {
		return nil, err
	}
	keys[size:].Clear()
	return keys[:size:size], nil
}

// Export returns size octets of keying material (RFC 5705). With TLS 1.2, which has the context left out here, the session must
// have extended master secret, or be one that may do without.
func (t *Tunnel) Export(label string, context []byte, size int) (secret.Bytes, error) {
	state := t.State()
	key, err := state.ExportKeyingMaterial(label, context, size)
	if err == nil {
		return key, nil
	}
	if !t.TLS13() && context == nil {
		if key, ok := t.keys.export(state.CipherSuite, label, size); ok {
			return key, nil
		}
	}
	return nil, noExtendedMasterSecret(t.typ, err)
}
