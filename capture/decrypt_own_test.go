package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/esp/iptfs"
	"culvert/keylog"
	"culvert/suite"
	"culvert/wire"
)

// keysOf are the keys of an SA with algorithms as a proposal has them.
func keysOf(t testing.TB, proposal string) dataplane.SAKeys {
	t.Helper()
	p, err := suite.ParseProposal(wire.ProtocolESP, proposal)
	if err != nil {
		t.Fatal(err)
	}
	k := dataplane.SAKeys{SPI: 0xc0ffee01, Transforms: suite.ESPFromSelection(suite.Selection{Proposal: p})}
	e, i := k.Transforms.KeyLengths()
	k.EncrKey, k.IntegKey = bytes.Repeat([]byte{3}, e), bytes.Repeat([]byte{4}, i)
	return k
}

// sealer makes the sending end of an SA that has sent so many packets.
func sealer(t testing.TB, k dataplane.SAKeys, sent uint64) *esp.Outbound {
	t.Helper()
	out, err := esp.NewOutbound(esp.Params{SPI: k.SPI, Transforms: k.Transforms, EncrKey: bytes.Clone(k.EncrKey), IntegKey: bytes.Clone(k.IntegKey), Mode: k.Mode, Sequence: sent, AggFrag: k.AggFrag}, bytes.NewReader(make([]byte, 64)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// inside is an IPv4 packet of UDP.
func inside(text string) []byte {
	b := gopacket.NewSerializeBuffer()
	ip := &layers.IPv4{Version: 4, TTL: 9, Protocol: layers.IPProtocolUDP, SrcIP: []byte{10, 1, 0, 1}, DstIP: []byte{10, 2, 0, 1}}
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true}, ip, &layers.UDP{SrcPort: 7, DstPort: 7}, gopacket.Payload(text)); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// file makes a capture of IP packets.
func file(t testing.TB, secrets []byte, packets ...[]byte) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, About{})
	if err != nil {
		t.Fatal(err)
	}
	if secrets != nil {
		if err := w.WriteSecrets(secrets); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range packets {
		if err := w.Write(&Packet{Time: time.Unix(1, 0), Layer: ESP, Data: p}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.End([3]uint64{}, ""); err != nil {
		t.Fatal(err)
	}
	return &b
}

// opens decrypts a file with keys.
func opens(t testing.TB, b *bytes.Buffer, keys ...dataplane.SAKeys) (packets []Packet, totals Totals) {
	t.Helper()
	ring := keylog.NewRing()
	for _, k := range keys {
		ring.ESP[k.SPI] = append(ring.ESP[k.SPI], k)
	}
	if err := ReadSecrets(bytes.NewReader(b.Bytes()), ring); err != nil {
		t.Fatal(err)
	}
	totals, err := Decrypt(b, ring, func(p *Packet) error {
		packets = append(packets, *p)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return packets, totals
}

func udpPath() *dataplane.Path {
	return path("192.0.2.1:4500", "192.0.2.2:4500", dataplane.TransportUDP)
}
func rawPath() *dataplane.Path { return path("192.0.2.1:500", "192.0.2.2:500", dataplane.TransportRaw) }

// What Wireshark does not open: ChaCha20-Poly1305, implicit IVs, AES-CCM, GMAC, extended sequence numbers.
func TestWhatWiresharkCannotOpen(t *testing.T) {
	for _, proposal := range []string{
		"chacha20poly1305", "chacha20poly1305-esn", "chacha20poly1305iiv", "aes256gcm16iiv-esn", "aes128ccm8iiv", "aes192ccm12", "aes256gmac", "aes128gcm8-esn", "aes256gcm12", "aes256gcm16-esn", "aes128-sha256-esn",
	} {
		k := keysOf(t, proposal)
		sealed, err := sealer(t, k, 0).Seal(nil, inside("under the road"))
		if err != nil {
			t.Fatal(proposal, err)
		}
		packets, totals := opens(t, file(t, nil, Envelope(ESP, dataplane.Outbound, udpPath(), 0, sealed, 0)), k)
		if totals.ESPRead != 1 || totals.Inner != 1 || !bytes.Equal(packets[1].Data, inside("under the road")) {
			t.Errorf("%s: %+v, %s", proposal, totals, comments(packets, ESP))
		}
	}
}

// The high half of a sequence number is found, and followed over its next step; a table that does not tell of it does no harm.
func TestHighHalvesAreGuessed(t *testing.T) {
	k := keysOf(t, "aes128gcm16-esn")
	const sent = 700<<32 | 0xfffffffd
	out := sealer(t, k, sent)
	var list [][]byte
	for i := range 5 {
		sealed, err := out.Seal(nil, inside(fmt.Sprint("packet ", i)))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, Envelope(ESP, dataplane.Outbound, rawPath(), 0, sealed, 0))
	}
	k.Transforms.ESN = false // as Wireshark's table has it
	packets, totals := opens(t, file(t, nil, list...), k)
	if totals.ESPRead != 5 || !strings.Contains(comments(packets, ESP), fmt.Sprintf("sequence %d,", uint64(sent)+5)) {
		t.Errorf("%+v\n%s", totals, comments(packets, ESP))
	}
}

// A packet that was forged costs a bounded search, and then little.
func TestForgedPacketsAreTold(t *testing.T) {
	k := keysOf(t, "aes128gcm16-esn")
	forged := append(binary.BigEndian.AppendUint32(nil, k.SPI), bytes.Repeat([]byte{1}, 60)...)
	var list [][]byte
	for range 50 {
		list = append(list, Envelope(ESP, dataplane.Inbound, udpPath(), 0, forged, 0))
	}
	packets, totals := opens(t, file(t, nil, list...), k)
	if totals.ESP != 50 || totals.ESPRead != 0 || !strings.Contains(packets[49].Comment, "no key fits") {
		t.Errorf("%+v, %s", totals, packets[49].Comment)
	}
}

// Transport mode gets the outer addresses, dummies and padding show as what they are, AGGFRAG payloads are put together.
func TestWhatIsInside(t *testing.T) {
	k := keysOf(t, "aes256gcm16")
	k.Mode = esp.Transport
	out := sealer(t, k, 0)
	sealed, err := out.Seal(nil, inside("from host to host"))
	if err != nil {
		t.Fatal(err)
	}
	dummy, err := out.SealDummy(nil, 40)
	if err != nil {
		t.Fatal(err)
	}
	env := func(b []byte) []byte { return Envelope(ESP, dataplane.Outbound, udpPath(), 0, b, 0) }
	packets, totals := opens(t, file(t, nil, env(sealed), env(dummy)), k)
	if totals.ESPRead != 2 || totals.Inner != 1 || !bytes.Equal(packets[1].Data[12:20], []byte{192, 0, 2, 1, 192, 0, 2, 2}) || !bytes.HasSuffix(packets[1].Data, []byte("from host to host")) {
		t.Errorf("transport mode: %+v", packets)
	}
	if !strings.Contains(comments(packets, ESP), "a dummy packet of 40 octets") {
		t.Errorf("the dummy is %s", comments(packets, ESP))
	}

	tunnel := keysOf(t, "aes256gcm16")
	padded := sealer(t, tunnel, 0)
	padded.SetPadTo(400)
	sealed, err = padded.Seal(nil, inside("short"))
	if err != nil {
		t.Fatal(err)
	}
	if packets, _ := opens(t, file(t, nil, env(sealed)), tunnel); !bytes.Equal(packets[1].Data, inside("short")) {
		t.Errorf("padding stays: %x", packets[1].Data)
	}

	tunnel.AggFrag = true
	whole, cut := sealer(t, tunnel, 0), iptfs.NewAggregator(1<<16)
	cut.Add(inside("first"), time.Unix(1, 0))
	cut.Add(inside(strings.Repeat("long ", 40)), time.Unix(1, 0))
	var list [][]byte
	for range 2 {
		payload := make([]byte, 160)
		h := iptfs.Header{}
		filling := cut.Fill(payload[h.Len():])
		h.BlockOffset = filling.BlockOffset
		h.Put(payload)
		sealed, err := whole.Seal(nil, payload)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, env(sealed))
	}
	packets, totals = opens(t, file(t, nil, list...), tunnel)
	if totals.Inner != 2 || !bytes.HasSuffix([]byte(packets[len(packets)-1].Data), []byte("long ")) {
		t.Errorf("AGGFRAG: %+v\n%s", totals, comments(packets, ESP))
	}
}

// A file that has its keys in itself needs no others.
func TestFileOpensItself(t *testing.T) {
	k := keysOf(t, "chacha20poly1305-esn")
	sealed, err := sealer(t, k, 0).Seal(nil, inside("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, totals := opens(t, file(t, keylog.ESPLines(&k)[0].Text, Envelope(ESP, dataplane.Outbound, udpPath(), 0, sealed, 0))); totals.Inner != 1 {
		t.Errorf("%+v", totals)
	}
}

// segmentOf is a packet of TCP.
func segmentOf(seq uint32, data []byte) []byte {
	b := gopacket.NewSerializeBuffer()
	ip := &layers.IPv4{Version: 4, TTL: 9, Protocol: layers.IPProtocolTCP, SrcIP: []byte{192, 0, 2, 1}, DstIP: []byte{192, 0, 2, 2}}
	tcp := &layers.TCP{SrcPort: 41000, DstPort: 4500, Seq: seq, ACK: true}
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true}, ip, tcp, gopacket.Payload(data)); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// ESP and IKE in a TCP stream are found, whichever way the stream is cut, and out of order (RFC 9329).
func TestStreamsAreFollowed(t *testing.T) {
	k := keysOf(t, "aes128gcm16")
	sealed, err := sealer(t, k, 0).Seal(nil, inside("in a stream"))
	if err != nil {
		t.Fatal(err)
	}
	init := (&wire.Message{Header: wire.Header{InitiatorSPI: 1, Version: 0x20, Exchange: wire.ExchangeSAInit, Flags: wire.FlagInitiator}}).Append(nil)
	stream := []byte(streamStart)
	for _, m := range [][]byte{append([]byte(wire.NonESPMarker), init...), sealed, sealed} {
		stream = append(binary.BigEndian.AppendUint16(stream, uint16(len(m)+2)), m...)
	}
	for _, size := range []int{9, 40, len(stream)} {
		var list [][]byte
		for at := 0; at < len(stream); at += size {
			list = append(list, segmentOf(0xffffffc0+uint32(at), stream[at:min(at+size, len(stream))]))
		}
		if len(list) > 3 {
			list[1], list[2] = list[2], list[1]
			list = append(list[:4:4], append([][]byte{list[0]}, list[4:]...)...) // one comes twice
		}
		if _, totals := opens(t, file(t, nil, list...), k); totals.IKE != 1 || totals.ESPRead != 2 || totals.Inner != 2 {
			t.Errorf("cut at %d: %+v", size, totals)
		}
	}
}

func FuzzDecrypt(f *testing.F) {
	k := keysOf(f, "aes128gcm16-esn")
	sealed, err := sealer(f, k, 0).Seal(nil, inside("x"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file(f, keylog.ESPLines(&k)[0].Text, Envelope(ESP, dataplane.Outbound, udpPath(), 0, sealed, 0), segmentOf(1, []byte(streamStart+"\x00\x09\x00\x00\x00\x00abc"))).Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		ring := keylog.NewRing()
		ring.ESP[k.SPI] = []dataplane.SAKeys{k}
		_ = ReadSecrets(bytes.NewReader(b), ring)
		_, _ = Decrypt(bytes.NewReader(b), ring, func(*Packet) error { return nil })
	})
}

// FuzzDecryptPackets gives single packets, so that more of them are looked at than with whole files.
func FuzzDecryptPackets(f *testing.F) {
	k := keysOf(f, "aes128gcm16-esn")
	sealed, err := sealer(f, k, 0).Seal(nil, inside("x"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(Envelope(ESP, dataplane.Outbound, udpPath(), 0, sealed, 0), uint8(0))
	f.Add(segmentOf(1, []byte(streamStart+"\x00\x09\x00\x00\x00\x00abc")), uint8(1))
	f.Add(cut(f, false, 1, message(), 1024)[2], uint8(0))
	f.Add(cut(f, true, 1, message(), 1024)[0], uint8(0))
	f.Fuzz(func(t *testing.T, p []byte, proposal uint8) {
		keys := keysOf(t, []string{"aes128gcm16-esn", "null-sha1", "aes256gcm16"}[proposal%3])
		keys.AggFrag = proposal > 100
		opens(t, file(t, nil, p[:min(len(p), maxRecord)], p[:min(len(p), maxRecord)]), keys)
	})
}
