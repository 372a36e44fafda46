package wire

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/ip4defrag"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// datagram is an IKE message from a capture, without non-ESP marker.
type datagram struct {
	capture string // path below testdata/captures without extension
	packet  int    // counted from 1
	octets  []byte
}

// packetReader is a capture file of either format.
type packetReader interface {
	gopacket.PacketDataSource
	LinkType() layers.LinkType
}

// openCapture tells the capture formats apart by their first octet.
func openCapture(t testing.TB, path string) packetReader {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(path, ".gz") {
		unpacked, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		if content, err = io.ReadAll(unpacked); err != nil {
			t.Fatal(err)
		}
	}
	var r packetReader
	if content[0] == 0x0a {
		r, err = pcapgo.NewNgReader(bytes.NewReader(content), pcapgo.DefaultNgReaderOptions)
	} else {
		r, err = pcapgo.NewReader(bytes.NewReader(content))
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return r
}

// readCapture returns the IKE messages on UDP ports 500 and 4500 of a capture, IP fragments put together.
func readCapture(t testing.TB, path, name string) []datagram {
	t.Helper()
	r := openCapture(t, path)
	defragmenter := ip4defrag.NewIPv4Defragmenter()
	var found []datagram
	for number := 1; ; number++ {
		data, _, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("%s: packet %d: %v", path, number, err)
		}
		packet := gopacket.NewPacket(data, r.LinkType(), gopacket.Default)
		if message := ikeMessage(udpOf(packet, defragmenter)); message != nil {
			found = append(found, datagram{capture: name, packet: number, octets: message})
		}
	}
}

// udpOf returns the UDP datagram in a packet, nil if there is none or it is not complete yet.
func udpOf(packet gopacket.Packet, defragmenter *ip4defrag.IPv4Defragmenter) *layers.UDP {
	if ip, ok := packet.Layer(layers.LayerTypeIPv4).(*layers.IPv4); ok {
		whole, err := defragmenter.DefragIPv4(ip)
		if err != nil || whole == nil || whole.Protocol != layers.IPProtocolUDP {
			return nil
		}
		packet = gopacket.NewPacket(whole.Payload, layers.LayerTypeUDP, gopacket.Default)
	}
	udp, _ := packet.Layer(layers.LayerTypeUDP).(*layers.UDP)
	return udp
}

// ikeMessage returns the IKE message in a datagram, nil for ESP, keepalives and other ports.
func ikeMessage(udp *layers.UDP) []byte {
	switch {
	case udp == nil:
		return nil
	case udp.SrcPort == PortNATT || udp.DstPort == PortNATT:
		message, ok := bytes.CutPrefix(udp.Payload, []byte(NonESPMarker))
		if !ok {
			return nil
		}
		return message
	case udp.SrcPort == PortIKE || udp.DstPort == PortIKE:
		return udp.Payload
	}
	return nil
}

// datagrams returns all IKE messages of all captures.
func datagrams(t testing.TB) []datagram {
	t.Helper()
	paths, err := filepath.Glob("testdata/captures/*/*")
	if err != nil {
		t.Fatal(err)
	}
	var all []datagram
	for _, path := range paths {
		directory, file := filepath.Split(strings.TrimPrefix(path, "testdata/captures/"))
		name, _, _ := strings.Cut(file, ".")
		all = append(all, readCapture(t, path, directory+name)...)
	}
	return all
}

// isIKEv2 reports whether a datagram is a message of IKE major version 2.
func isIKEv2(d datagram) bool { return len(d.octets) >= HeaderLen && d.octets[17]>>4 == 2 }

// ikev2Datagrams returns the messages of IKEv2.
func ikev2Datagrams(t testing.TB) []datagram {
	t.Helper()
	return slices.DeleteFunc(datagrams(t), func(d datagram) bool { return !isIKEv2(d) })
}

// plaintexts returns the foreign inner payload chains.
func plaintexts(t testing.TB) []plaintext {
	t.Helper()
	var all []plaintext
	for _, row := range tableRows(t, "testdata/plaintexts.tsv") {
		var numbers [3]int
		for i := range numbers {
			n, err := strconv.Atoi(row[2+i])
			if err != nil {
				t.Fatal(err)
			}
			numbers[i] = n
		}
		all = append(all, plaintext{
			capture: row[0],
			header:  Header{Exchange: ExchangeType(numbers[0]), Flags: Flags(numbers[1])},
			first:   PayloadType(numbers[2]),
			octets:  octets(t, row[5]),
		})
	}
	return all
}

func TestForeignIKEv2MessagesSurviveParseAndAppend(t *testing.T) {
	all := ikev2Datagrams(t)
	if len(all) != 194 {
		t.Errorf("%d messages in the captures, want 194", len(all))
	}
	for _, d := range all {
		m, err := Parse(d.octets)
		if err != nil {
			t.Errorf("%s packet %d: %v", d.capture, d.packet, err)
			continue
		}
		if again := m.Append(nil); !bytes.Equal(again, d.octets) {
			t.Errorf("%s packet %d: %s\n got %x\nwant %x", d.capture, d.packet, Summary(m), again, d.octets)
		}
	}
}

func TestForeignPlaintextsSurviveParseAndAppend(t *testing.T) {
	for _, p := range plaintexts(t) {
		payloads, err := ParsePayloads(p.first, p.octets)
		if err != nil {
			t.Errorf("%s: %v", p.capture, err)
			continue
		}
		if again := AppendPayloads(nil, payloads); !bytes.Equal(again, p.octets) {
			t.Errorf("%s:\n got %x\nwant %x", p.capture, again, p.octets)
		}
	}
}

func TestIKEv1MessagesAreRefusedQuietly(t *testing.T) {
	count := 0
	for _, d := range datagrams(t) {
		if isIKEv2(d) {
			continue
		}
		count++
		_, err := Parse(d.octets)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s packet %d: got %v, want an *Error", d.capture, d.packet, err)
			continue
		}
		if e.Notify != NotifyNone {
			t.Errorf("%s packet %d: peer would be told %v", d.capture, d.packet, e.Notify)
		}
	}
	if count != 59 {
		t.Errorf("%d messages that are not IKEv2 in the captures, want 59", count)
	}
}

// strongSwanNames maps the short names of strongSwan's logs to the notation of Summary.
var strongSwanNames = strings.NewReplacer(
	"N(NATD_S_IP)", "N(NAT_DETECTION_SOURCE_IP)", "N(NATD_D_IP)", "N(NAT_DETECTION_DESTINATION_IP)",
	"N(FRAG_SUP)", "N(IKEV2_FRAGMENTATION_SUPPORTED)", "N(HASH_ALG)", "N(SIGNATURE_HASH_ALGORITHMS)",
	"N(REDIR_SUP)", "N(REDIRECT_SUPPORTED)", "N(CHDLESS_SUP)", "N(CHILDLESS_IKEV2_SUPPORTED)",
	"N(MULT_AUTH)", "N(MULTIPLE_AUTH_SUPPORTED)", "N(INIT_CONTACT)", "N(INITIAL_CONTACT)",
	"N(MOBIKE_SUP)", "N(MOBIKE_SUPPORTED)", "N(NO_ADD_ADDR)", "N(NO_ADDITIONAL_ADDRESSES)",
	"N(EAP_ONLY)", "N(EAP_ONLY_AUTHENTICATION)", "N(MSG_ID_SYN_SUP)", "N(IKEV2_MESSAGE_ID_SYNC_SUPPORTED)",
	"N(IKE_INT_SUP)", "N(INTERMEDIATE_EXCHANGE_SUPPORTED)", "N(ADD_KE)", "N(ADDITIONAL_KEY_EXCHANGE)",
	"N(PPK_ID)", "N(PPK_IDENTITY)",
	"CPRQ(ADDR ADDR6)", "CP(CFG_REQUEST)", "CPRP(ADDR ADDR6 DOMAIN DOMAIN DNS U_SPLITINC DNS6)", "CP(CFG_REPLY)",
	"EAP/REQ/ID", "EAP", "EAP/RES/ID", "EAP", "EAP/REQ/MD5", "EAP", "EAP/RES/MD5", "EAP", "EAP/SUCC", "EAP",
)

// strongSwanMessages returns what strongSwan logged, by capture, without message IDs and in the notation of Summary.
func strongSwanMessages(t *testing.T) map[string][]string {
	t.Helper()
	logged := map[string][]string{}
	for _, row := range tableRows(t, "testdata/strongswan-messages.tsv") {
		line, nonce := strongSwanNames.Replace(row[1]), " Ni "
		if strings.Contains(line, " response ") {
			nonce = " Nr "
		}
		line = withoutID(strings.Replace(line, " No ", nonce, 1))
		if capture := "strongswan/" + row[0]; !slices.Contains(logged[capture], line) {
			logged[capture] = append(logged[capture], line)
		}
	}
	return logged
}

// withoutID removes the message ID from a summary.
func withoutID(summary string) string {
	words := strings.Fields(summary)
	return strings.Join(slices.Delete(words, 2, 3), " ")
}

func TestSummariesAgreeWithWhatStrongSwanLogged(t *testing.T) {
	got := map[string][]string{}
	add := func(capture string, m *Message) {
		line := strings.Replace(withoutID(Summary(m)), "D(ESP 1)", "D", 1)
		line = strings.Replace(line, "D(IKE)", "D", 1)
		if !slices.Contains(got[capture], line) {
			got[capture] = append(got[capture], line)
		}
	}
	for _, d := range ikev2Datagrams(t) {
		m, err := Parse(d.octets)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(d.capture, "strongswan/") && m.Exchange == ExchangeSAInit {
			add(d.capture, m)
		}
	}
	for _, p := range plaintexts(t) {
		payloads, err := ParsePayloads(p.first, p.octets)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.capture, "strongswan/") {
			add(p.capture, &Message{Header: p.header, Payloads: payloads})
		}
	}
	want := strongSwanMessages(t)
	for _, lines := range []map[string][]string{want, got} {
		for capture := range lines {
			slices.Sort(lines[capture])
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-strongSwan +Summary):\n%s", diff)
	}
}
