package selftest

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"

	"culvert/suite"
	"culvert/wire"
)

// A packetAnswer is an ESP packet.
type packetAnswer struct {
	ciphers
	ESN       bool   `json:"esn"`
	Key       octets `json:"key"`
	IntegKey  octets `json:"integ_key"`
	Sequence  uint64 `json:"seq"`
	Packet    octets `json:"packet"`
	Plaintext octets `json:"plaintext"`
}

func (a packetAnswer) transforms() suite.ESP {
	return suite.ESP{ENCR: a.encr(), INTEG: a.integ(), ESN: a.ESN}
}

func (a packetAnswer) name() string { return "ESP " + a.transforms().String() }

// try opens the packet, and sees that it does not open when a bit has changed.
func (a packetAnswer) try() error {
	c, err := suite.NewESPCipher(a.transforms(), a.Key, a.IntegKey, rand.Reader)
	if err != nil {
		return err
	}
	defer c.Clear()
	got, err := c.Open(bytes.Clone(a.Packet), a.Sequence)
	if err != nil {
		return fmt.Errorf("the packet does not open: %w", err)
	}
	if err := differs("the text", got, a.Plaintext); err != nil {
		return err
	}
	forged := bytes.Clone(a.Packet)
	forged[len(forged)-1] ^= 1
	if _, err := c.Open(forged, a.Sequence); !errors.Is(err, suite.ErrAuthentication) {
		return errors.New("a forged packet opens")
	}
	return nil
}

// A messageAnswer is the inside of an Encrypted payload.
type messageAnswer struct {
	ciphers
	Key       octets `json:"key"`
	IntegKey  octets `json:"integ_key"`
	Prefix    octets `json:"prefix"`
	Body      octets `json:"body"`
	Plaintext octets `json:"plaintext"`
}

func (a messageAnswer) name() string { return "IKE " + a.ciphers.String() }

func (a messageAnswer) try() error {
	sel := suite.Selection{Proposal: wire.Proposal{Protocol: wire.ProtocolIKE, Transforms: []wire.Transform{a.encr()}}}
	if a.Integ != wire.IntegNone {
		sel.Proposal.Transforms = append(sel.Proposal.Transforms, a.integ())
	}
	p, err := suite.NewProtector(sel, a.Key, a.IntegKey, rand.Reader)
	if err != nil {
		return err
	}
	got, err := p.Open(a.Prefix, bytes.Clone(a.Body))
	if err != nil {
		return fmt.Errorf("the message does not open: %w", err)
	}
	if err := differs("the text", got, a.Plaintext); err != nil {
		return err
	}
	forged := bytes.Clone(a.Body)
	forged[0] ^= 1
	if _, err := p.Open(a.Prefix, forged); err == nil {
		return errors.New("a forged message opens")
	}
	return nil
}
