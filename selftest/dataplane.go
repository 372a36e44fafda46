package selftest

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"culvert/esp"
	"culvert/secret"
	"culvert/suite"
	"culvert/wire"
)

// loops seal packets and open them again, with each kind of cipher and each length of the key.
func loops() []Test {
	var list []Test
	for _, word := range []string{
		"aes128gcm16", "aes256gcm16", "aes192gcm16-esn", "chacha20poly1305-esn", "aes256ccm16", "aes256gmac", "aes256gcm16iiv-esn",
		"aes128-sha1", "aes256-sha256-esn", "aes256-sha512", "aes256ctr-sha384", "null-sha256", "aes128-aesxcbc", "aes128-aescmac",
	} {
		list = append(list, Test{"data plane", "packets by " + word, func() error { return loop(word) }})
	}
	return list
}

// loop sends packets of all small sizes, and some large ones, from one end of an SA to the other.
func loop(word string) error {
	out, in, err := ends(word)
	if err != nil {
		return err
	}
	defer out.Clear()
	defer in.Clear()
	for size := 20; size <= 9000; size += 1 + size/8 {
		if err := carry(out, in, inner(size)); err != nil {
			return fmt.Errorf("a packet of %d octets: %w", size, err)
		}
	}
	return nil
}

// ends are both ends of an SA with new keys.
func ends(word string) (*esp.Outbound, *esp.Inbound, error) {
	proposal, err := suite.ParseProposal(wire.ProtocolESP, word)
	if err != nil {
		return nil, nil, err
	}
	p := esp.Params{SPI: 0xc0ffee01, Transforms: suite.ESPFromSelection(suite.Selection{Proposal: proposal}), Mode: esp.Tunnel, ReplayWindow: esp.MinWindow}
	encr, integ := p.Transforms.KeyLengths()
	p.EncrKey, p.IntegKey = random(encr), random(integ)
	q := p
	q.EncrKey, q.IntegKey = slices.Clone(p.EncrKey), slices.Clone(p.IntegKey)
	out, err := esp.NewOutbound(p, rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	in, err := esp.NewInbound(q)
	return out, in, err
}

func random(n int) secret.Bytes {
	b := make(secret.Bytes, n)
	_, _ = rand.Read(b) // it does not fail
	return b
}

// inner is an IPv4 packet of UDP.
func inner(size int) []byte {
	p := random(size)
	copy(p, []byte{0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1})
	binary.BigEndian.PutUint16(p[2:], uint16(size))
	return p
}

// carry takes a packet through, tries it a second time, and tries it with a bit changed.
func carry(out *esp.Outbound, in *esp.Inbound, packet []byte) error {
	sealed, err := out.Seal(nil, packet)
	if err != nil {
		return err
	}
	forged := bytes.Clone(sealed)
	forged[len(forged)/2] ^= 4
	if _, _, err := in.Open(forged); !errors.Is(err, esp.ErrAuthentication) {
		return fmt.Errorf("changed on the way it ends with %v", err)
	}
	again := bytes.Clone(sealed)
	got, _, err := in.Open(sealed)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, packet) {
		return errors.New("it comes out changed")
	}
	if _, _, err := in.Open(again); !errors.Is(err, esp.ErrReplay) {
		return fmt.Errorf("a second time it ends with %v", err)
	}
	return nil
}
