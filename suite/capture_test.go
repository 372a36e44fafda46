package suite

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"culvert/wire"
)

// opener returns a Protector for messages with this key.
func (k messageKey) opener(t *testing.T) wire.Protector {
	t.Helper()
	p, err := NewProtector(k.sel, k.encr, k.integ, testRand(1))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// openWith opens a message or a fragment with the keys of its SPIs and direction, of which an IKE SA with an intermediate
// key exchange has several.
func openWith(t *testing.T, keys []messageKey, datagram []byte) bool {
	t.Helper()
	h, err := wire.ParseHeader(datagram)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if k.spii != h.InitiatorSPI || k.spir != h.ResponderSPI || k.fromInitiator != h.FromInitiator() {
			continue
		}
		if _, err := wire.Open(k.opener(t), bytes.Clone(datagram)); err == nil {
			return true
		}
		if f, err := wire.OpenFragment(k.opener(t), bytes.Clone(datagram)); err == nil && len(f.Plaintext) > 0 {
			return true
		}
	}
	return false
}

// All that two foreign daemons said to each other opens with the keys that we derive.
func TestForeignHandshakesOpen(t *testing.T) {
	for name, want := range recordings {
		rec := readRecording(t, name)
		r := newReplay(t, rec)
		r.run(rec.Initiator)
		messages, packets := 0, 0
		for i, p := range rec.Packets {
			payload := []byte(p.Payload)
			esp := p.Sport == "4500" && binary.BigEndian.Uint32(payload) != 0
			if p.Sport == "4500" && !esp {
				payload = payload[4:]
			}
			switch {
			case esp:
				if r.openESP(payload) {
					packets++
				}
			case wire.ExchangeType(payload[18]) == wire.ExchangeSAInit:
			case openWith(t, r.messageKeys, payload):
				messages++
			default:
				t.Errorf("%s packet %d: does not open", name, i)
			}
		}
		if messages != want.messages || packets != want.packets {
			t.Errorf("%s: %d messages, %d ESP packets opened; want %d, %d", name, messages, packets, want.messages, want.packets)
		}
	}
}

// openESP opens an ESP packet of a tunnel with the keys of its SPI and checks what is inside.
func (r *replay) openESP(pkt []byte) bool {
	r.Helper()
	spi := "0x" + hex.EncodeToString(pkt[:4])
	for _, line := range r.rec.EspSA {
		fields, err := csv.NewReader(strings.NewReader(line)).Read()
		if err != nil {
			r.Fatal(err)
		}
		k, ok := r.childKeys[strings.TrimPrefix(fields[5], "0x")]
		if fields[3] != spi || !ok {
			continue
		}
		c, err := NewESPCipher(k.esp, k.encr, k.integ, testRand(1))
		if err != nil {
			r.Fatal(err)
		}
		text, err := c.Open(bytes.Clone(pkt), uint64(binary.BigEndian.Uint32(pkt[4:])))
		if err != nil {
			r.Errorf("SPI %s: %v", spi, err)
			return true
		}
		if next := text[len(text)-1]; text[0]>>4 != 4 || next != 4 || len(text)%c.BlockLen() != 0 {
			r.Errorf("SPI %s: %d octets, first %x, next header %d: no IPv4 tunnel", spi, len(text), text[0], next)
		}
		return true
	}
	return false
}

// readPackets returns the UDP payloads of a capture in either format.
func readPackets(t *testing.T, name string) [][]byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "captures", name))
	if err != nil {
		t.Fatal(err)
	}
	var source gopacket.PacketDataSource
	var link layers.LinkType
	if ng, err := pcapgo.NewNgReader(bytes.NewReader(b), pcapgo.DefaultNgReaderOptions); err == nil {
		source, link = ng, ng.LinkType()
	} else if old, err := pcapgo.NewReader(bytes.NewReader(b)); err == nil {
		source, link = old, old.LinkType()
	} else {
		t.Fatal(err)
	}
	var payloads [][]byte
	for {
		data, _, err := source.ReadPacketData()
		if err != nil {
			return payloads
		}
		p := gopacket.NewPacket(data, link, gopacket.Default)
		if udp, ok := p.Layer(layers.LayerTypeUDP).(*layers.UDP); ok {
			payloads = append(payloads, udp.Payload)
		}
	}
}

// readWiresharkKeys reads the table of keys; its names for the transforms are Wireshark's.
func readWiresharkKeys(t *testing.T) []messageKey {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "captures", "ikev2_decryption_table.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table := csv.NewReader(f)
	table.Comment = '#'
	records, err := table.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	proposals := map[string]string{
		"AES-CCM-128 with 12 octet ICV [RFC5282]": "aes128ccm12-prfsha256-modp2048", "AES-CTR-192 [RFC5930]": "aes192ctr-sha512-modp2048",
		"AES-CBC-256 [RFC3602]": "aes256-sha256-modp2048", "AES-GCM-256 with 16 octet ICV [RFC5282]": "aes256gcm16-prfsha256-modp2048",
	}
	var keys []messageKey
	for _, rec := range records {
		p, err := ParseProposal(wire.ProtocolIKE, proposals[rec[4]])
		if err != nil {
			t.Fatal(err)
		}
		var spi [2]uint64
		for i := range spi {
			if spi[i], err = strconv.ParseUint(rec[i], 16, 64); err != nil {
				t.Fatal(err)
			}
		}
		for i, initiator := range []bool{true, false} {
			keys = append(keys, messageKey{wire.SPI(spi[0]), wire.SPI(spi[1]), initiator, Selection{p}, unhex(t, rec[2+i]), unhex(t, rec[5+i])})
		}
	}
	return keys
}

func TestWiresharkCaptures(t *testing.T) {
	keys := readWiresharkKeys(t)
	expected, err := os.ReadFile(filepath.Join("testdata", "captures", "expected-auth.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(expected)), "\n")[1:] {
		name, auth, _ := strings.Cut(line, "\t")
		t.Run(name, func(t *testing.T) {
			opened, found := 0, false
			for _, datagram := range readPackets(t, name) {
				datagram = bytes.TrimPrefix(datagram, make([]byte, 4))
				h, err := wire.ParseHeader(datagram)
				if err != nil || h.Exchange == wire.ExchangeSAInit {
					continue
				}
				m := openCaptured(t, keys, h, datagram)
				opened++
				if a, ok := wire.Find[*wire.Auth](m.Payloads); ok {
					found = found || hex.EncodeToString(a.Data) == auth
				}
			}
			if opened == 0 || !found {
				t.Errorf("%d messages opened, AUTH %s found: %v", opened, auth, found)
			}
		})
	}
}

// openCaptured opens a message with the keys of its SPIs.
func openCaptured(t *testing.T, keys []messageKey, h wire.Header, datagram []byte) *wire.Message {
	t.Helper()
	for _, k := range keys {
		if k.spii == h.InitiatorSPI && k.spir == h.ResponderSPI && k.fromInitiator == h.FromInitiator() {
			m, err := wire.Open(k.opener(t), datagram)
			if err != nil {
				t.Fatalf("%s %d: %v", h.Exchange, h.MessageID, err)
			}
			return m
		}
	}
	t.Fatalf("no key for SPIs %v, %v", h.InitiatorSPI, h.ResponderSPI)
	return nil
}
