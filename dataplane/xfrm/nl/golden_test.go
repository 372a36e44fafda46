package nl

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// golden are messages of another program, by its command.
func golden(t testing.TB) map[string][]byte {
	t.Helper()
	f, err := os.Open("testdata/iproute2.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	messages := map[string][]byte{}
	lines, command := bufio.NewScanner(f), ""
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "#") {
			continue
		}
		if strings.HasPrefix(line, "ip ") {
			command = line
			continue
		}
		_, digits, _ := strings.Cut(line, " ")
		if messages[command], err = hex.DecodeString(digits); err != nil {
			t.Fatal(err)
		}
	}
	return messages
}

// message finds the one whose command contains a text.
func message(t testing.TB, part string) []byte {
	t.Helper()
	for command, b := range golden(t) {
		if strings.Contains(command, part) {
			return b
		}
	}
	t.Fatalf("no message of %q", part)
	return nil
}

// normal is a message with its attributes sorted, without those that we never send.
func normal(b []byte, fixed int, never ...attribute) string {
	var list []string
	_ = attributes(b[fixed:], func(t attribute, r *reader) {
		if !slices.Contains(never, t) {
			list = append(list, fmt.Sprintf("%d:%x", t, r.b))
		}
	})
	slices.Sort(list)
	return fmt.Sprintf("%x %s", b[:fixed], strings.Join(list, " "))
}

func tunnel(spi, reqID uint32) *State {
	return &State{StateID: StateID{Destination: addr("192.0.2.2"), SPI: spi}, Source: addr("192.0.2.1"), Mode: ModeTunnel, ReqID: reqID, Limits: NoLimits()}
}

func goldenStates() map[string]*State {
	plain := tunnel(0x01020304, 7)
	plain.AEAD = Algorithm{"rfc4106(gcm(aes))", counted(20), 128}
	esn := tunnel(0x01020304, 0xc0000001)
	esn.Destination, esn.Source = addr("2001:db8::2"), addr("2001:db8::1")
	esn.AEAD = Algorithm{"rfc7539esp(chacha20,poly1305)", counted(36), 128}
	esn.Flags, esn.Extra = ESN|AnyFamily|DecapDSCP, DontEncapDSCP
	esn.Replay = NewReplay(1024)
	esn.Replay.Out, esn.Replay.In = 2<<32|0x20, 1<<32|0x10
	transport := tunnel(0xc0ffee00, 9)
	transport.Mode, transport.Window, transport.Encap = ModeTransport, 32, Encap{EncapUDP, 4500, 31000, addr("198.51.100.7")}
	transport.Crypt, transport.Auth = Algorithm{"cbc(aes)", counted(16), 0}, Algorithm{"hmac(sha256)", counted(32), 128}
	marked := tunnel(0xc0ffee01, 9)
	marked.Mark, marked.SetMark, marked.IfID = Mark{0x11, 0xff}, Mark{0x22, 0xf0}, 0x33
	marked.Crypt, marked.Auth = Algorithm{"ecb(cipher_null)", nil, 0}, Algorithm{"hmac(sha1)", counted(20), 96}
	marked.Limits = Limits{SoftBytes: 1000, HardBytes: 2000, SoftPackets: 30, HardPackets: 40}
	tcp := tunnel(0xc0ffee03, 9)
	tcp.Encap = Encap{Type: EncapTCP, SourcePort: 4500, DestinationPort: 31000}
	tcp.Crypt, tcp.Auth = Algorithm{"rfc3686(ctr(aes))", counted(20), 0}, Algorithm{"xcbc(aes)", counted(16), 96}
	return map[string]*State{"spi 0x01020304 reqid 7": plain, "flag esn": esn, "espinudp": transport, "output-mark": marked, "espintcp": tcp}
}

func TestStatesAreThoseOfIproute2(t *testing.T) {
	for part, want := range goldenStates() {
		b := message(t, part)
		got, err := ParseState(b)
		if err != nil {
			t.Errorf("%s: %v", part, err)
			continue
		}
		for _, a := range []*Algorithm{&got.Crypt, &got.Auth, &got.AEAD} {
			if len(a.Key) == 0 {
				a.Key = nil
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v\nwant %+v", part, got, want)
		}
		// It leaves the bitmap out, for which the kernel takes zeros.
		if got, want := normal(want.Append(nil), stateFixed, replayESN), normal(b, stateFixed, replayESN); got != want {
			t.Errorf("%s: encoded as\n%s, want\n%s", part, got, want)
		}
	}
}

func TestPoliciesAreThoseOfIproute2(t *testing.T) {
	out := &Policy{
		PolicyID: PolicyID{PolicyOut, Selector{Source: netip.MustParsePrefix("10.1.0.0/16"), Destination: netip.MustParsePrefix("10.2.0.0/24"), Protocol: 6,
			SourcePort: Port{1000, 0xffff}, DestinationPort: Port{443, 0xffff}}, Mark{0x11, 0xff}, 0x33, ""},
		Priority: 1234, Limits: NoLimits(), Templates: []Template{{addr("192.0.2.1"), addr("192.0.2.2"), 7, ModeTunnel, false, 0}},
	}
	forward := &Policy{
		PolicyID: PolicyID{Direction: PolicyForward, Selector: Selector{Source: netip.MustParsePrefix("2001:db8:1::/48"), Destination: netip.MustParsePrefix("::/0")}},
		Priority: 7, Index: 0xfa2, Action: Block, Limits: NoLimits(), Templates: []Template{{addr("0.0.0.0"), addr("0.0.0.0"), 7, ModeTransport, true, 0}},
	}
	forward.Limits.SoftPackets = 99
	for part, want := range map[string]*Policy{"dir out": out, "action block": forward} {
		b := message(t, part)
		got, err := ParsePolicy(b)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v\nwant %+v", part, got, err, want)
		}
		if got, want := normal(want.Append(nil), 168), normal(b, 168); got != want {
			t.Errorf("%s: encoded as\n%s, want\n%s", part, got, want)
		}
	}
}

func TestNamesAreThoseOfIproute2(t *testing.T) {
	id := StateID{addr("192.0.2.2"), 0xc0ffee02, Mark{0x11, 0xff}}
	const sourceAddress = attribute(13) // the kernel looks at it for other protocols alone
	if got, want := normal(id.Append(nil), 24), normal(message(t, "state delete"), 24, sourceAddress); got != want {
		t.Errorf("state: got %s, want %s", got, want)
	}
	policy := PolicyID{Direction: PolicyIn, Mark: Mark{0x11, 0xff}, IfID: 0x33, Selector: Selector{
		Source: netip.MustParsePrefix("10.1.0.0/16"), Destination: netip.MustParsePrefix("10.2.0.0/24"), Protocol: 1,
		SourcePort: Port{8, 0xffff}, DestinationPort: Port{0, 0xffff}}}
	if got, want := normal(policy.Append(nil), 64), normal(message(t, "policy delete"), 64); got != want {
		t.Errorf("policy: got %s, want %s", got, want)
	}
}

func TestUnknownAttributesAreKept(t *testing.T) {
	b := fullState().Append(nil)
	b = binary.NativeEndian.AppendUint16(b, 8)
	b = binary.NativeEndian.AppendUint16(b, 9999)
	if s, err := ParseState(append(b, 1, 2, 3, 4)); err != nil || !reflect.DeepEqual(s, fullState()) {
		t.Errorf("%+v, %v", s, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, b := range golden(f) {
		f.Add(b)
	}
	for _, b := range [][]byte{fullState().Append(nil), fullPolicy().Append(nil), acquireBytes(), expiryBytes(true), mappingBytes(), fullAE().Append(nil)} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		whole := bytes.Clone(b)
		if s, err := ParseState(b); err == nil {
			again, err := ParseState(s.Append(nil))
			if err != nil || again.StateID != s.StateID || again.Limits != s.Limits || !reflect.DeepEqual(again.Replay == nil, s.Replay == nil) {
				t.Errorf("%+v became %+v, %v", s, again, err)
			}
		}
		if p, err := ParsePolicy(b); err == nil {
			if again, err := ParsePolicy(p.Append(nil)); err != nil || again.Priority != p.Priority || len(again.Templates) != len(p.Templates) {
				t.Errorf("%+v became %+v, %v", p, again, err)
			}
		}
		for _, parse := range []func([]byte) error{discard(ParseAcquire), discard(ParseExpiry), discard(ParseMapping), discard(ParseAE), discard(ParseSADInfo), discard(ParseSPDInfo), discard(ParseDefaults)} {
			_ = parse(b)
		}
		if !bytes.Equal(b, whole) {
			t.Error("the message was changed")
		}
	})
}
