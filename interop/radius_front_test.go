package interop_test

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"net"
	"sync"
	"testing"

	"culvert/eap"
	"culvert/radius"
	"culvert/secret"
)

// frontSecret is shared by the front and eapol_test.
const frontSecret = "interop"

// A front is a RADIUS server in front of one of our EAP servers, good enough for eapol_test: one conversation, nothing lost.
type front struct {
	tb     testing.TB
	conn   net.PacketConn
	inside eap.Conversation

	mu   sync.Mutex
	last eap.Result
}

// newFront serves on a port of this machine until the test ends.
func newFront(t *testing.T, server eap.Server, s eap.Session) *front {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	inside, err := server.Begin(s)
	if err != nil {
		t.Fatal(err)
	}
	f := &front{tb: t, conn: conn, inside: inside}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.serve(context.Background())
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
		inside.Close()
	})
	return f
}

// result is the last one of the conversation.
func (f *front) result() eap.Result {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

func (f *front) serve(ctx context.Context) {
	buf := make([]byte, 4096)
	for {
		n, from, err := f.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		request, err := radius.Parse(buf[:n])
		if err != nil {
			f.tb.Errorf("eapol_test sent %x: %v", buf[:n], err)
			return
		}
		f.conn.WriteTo(f.answer(ctx, request), from)
	}
}

// answer gives the client's EAP packet to the conversation. The first one is its identity, which ours asks for.
func (f *front) answer(ctx context.Context, request *radius.Packet) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	packet := request.Attributes.Joined(radius.EAPMessage)
	if f.last.Packet == nil {
		f.last = f.inside.Step(ctx, nil)
		packet[1] = f.last.Packet[1]
	}
	f.last = f.inside.Step(ctx, packet)
	code := map[eap.State]radius.Code{eap.Continuing: radius.AccessChallenge, eap.Succeeded: radius.AccessAccept, eap.Failed: radius.AccessReject}[f.last.State]
	var attributes []byte
	for rest := f.last.Packet; len(rest) > 0; {
		n := min(len(rest), 253)
		attributes = appendAttribute(attributes, radius.EAPMessage, rest[:n])
		rest = rest[n:]
	}
	if code == radius.AccessAccept {
		attributes = appendKeys(attributes, request, f.last.MSK)
	}
	return sign(code, request, attributes)
}

func appendAttribute(b []byte, t radius.Type, value []byte) []byte {
	return append(append(b, byte(t), byte(2+len(value))), value...)
}

// sign makes a response with both proofs (RFC 2865, Section 3; RFC 3579, Section 3.2).
func sign(code radius.Code, request *radius.Packet, attributes []byte) []byte {
	attributes = appendAttribute(attributes, radius.MessageAuthenticator, make([]byte, md5.Size))
	p := append([]byte{byte(code), request.Identifier, 0, 0}, request.Authenticator[:]...)
	p = append(p, attributes...)
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	proof := hmac.New(md5.New, []byte(frontSecret))
	proof.Write(p)
	copy(p[len(p)-md5.Size:], proof.Sum(nil))
	sum := md5.Sum(append(append([]byte{}, p...), frontSecret...))
	copy(p[4:], sum[:])
	return p
}

// appendKeys adds MS-MPPE-Recv-Key and MS-MPPE-Send-Key, the halves of the MSK (RFC 2548, Section 2.4).
func appendKeys(b []byte, request *radius.Packet, msk secret.Bytes) []byte {
	const microsoft, sendKey, recvKey = 311, 16, 17
	for i, kind := range []byte{recvKey, sendKey} {
		salt := []byte{0x80, byte(i)}
		plain := append([]byte{32}, msk[32*i:32*i+32]...)
		plain = append(plain, make([]byte, 48-len(plain))...)
		value := binary.BigEndian.AppendUint32(nil, microsoft)
		value = append(value, kind, byte(4+len(plain)), salt[0], salt[1])
		last := append(append([]byte{}, request.Authenticator[:]...), salt...)
		for ; len(plain) > 0; plain = plain[16:] {
			mask := md5.Sum(append([]byte(frontSecret), last...))
			for j := range mask {
				mask[j] ^= plain[j]
			}
			value, last = append(value, mask[:]...), mask[:]
		}
		b = appendAttribute(b, radius.VendorSpecific, value)
	}
	return b
}
