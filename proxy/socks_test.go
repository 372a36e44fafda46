package proxy

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/proxy"

	"culvert/secret"
)

func socksAt(t *testing.T, s *Server) string {
	t.Helper()
	if s.Network == nil {
		s.Network = &street{}
	}
	return serving(t, s.SOCKS)
}

// x/net's client is one of another hand.
func TestSOCKSWithAForeignClient(t *testing.T) {
	target := shouting(t)
	account := &Account{User: "carol", Password: secret.Bytes("correct horse")}
	for _, tt := range []struct {
		name    string
		account *Account
		auth    *proxy.Auth
		host    string
		works   bool
	}{
		{"by name", nil, nil, "intranet", true},
		{"by address", nil, nil, "127.0.0.1", true},
		{"with a password", account, &proxy.Auth{User: "carol", Password: "correct horse"}, "intranet", true},
		{"with a wrong password", account, &proxy.Auth{User: "carol", Password: "wrong"}, "intranet", false},
		{"as somebody else", account, &proxy.Auth{User: "dave", Password: "correct horse"}, "intranet", false},
		{"without the password", account, nil, "intranet", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			net1 := &street{}
			at := socksAt(t, &Server{Network: net1, Account: tt.account})
			d, err := proxy.SOCKS5("tcp", at, tt.auth, proxy.Direct)
			if err != nil {
				t.Fatal(err)
			}
			c, err := d.Dial("tcp", net.JoinHostPort(tt.host, portOf(target)))
			if !tt.works {
				if err == nil || len(net1.asked()) > 0 {
					t.Errorf("got %v, and %v was dialed", err, net1.asked())
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := talk(t, c.(*net.TCPConn), "hello"); got != "HELLO" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// say sends octets and reads so many back.
func say(t *testing.T, c net.Conn, n int, octets ...byte) []byte {
	t.Helper()
	if _, err := c.Write(octets); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(c, b); err != nil {
		t.Fatal(err)
	}
	return b
}

// name is a request for a name and a port.
func name(command byte, host string, port uint16) []byte {
	b := append([]byte{5, command, 0, addressName, byte(len(host))}, host...)
	return binary.BigEndian.AppendUint16(b, port)
}

func TestSOCKSReplies(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port, _ := strconv.Atoi(portOf(closed.Addr().String()))
	_ = closed.Close()
	for _, tt := range []struct {
		name    string
		request []byte
		want    byte
	}{
		{"refused", name(1, "intranet", uint16(port)), replyRefused},
		{"no such name", name(1, "nowhere", 80), replyHostUnreachable},
		{"no way", name(1, "unreachable", 80), replyNetworkUnreachable},
		{"BIND", name(2, "intranet", 80), replyNoCommand},
		{"an address of another kind", []byte{5, 1, 0, 9, 0, 0}, replyNoAddressType},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := dialTo(t, socksAt(t, &Server{}))
			say(t, c, 2, 5, 1, 0)
			if got := say(t, c, 10, tt.request...); got[0] != 5 || got[1] != tt.want {
				t.Errorf("reply is %x, want %d", got, tt.want)
			}
			if n, err := c.Read(make([]byte, 1)); err == nil {
				t.Errorf("%d octets behind the reply", n)
			}
		})
	}
}

func TestReplyCodes(t *testing.T) {
	for err, want := range map[error]byte{
		syscall.ECONNREFUSED: replyRefused, syscall.EHOSTUNREACH: replyHostUnreachable, syscall.ENETUNREACH: replyNetworkUnreachable,
		syscall.ENETDOWN: replyNetworkUnreachable, syscall.ETIMEDOUT: replyExpired, context.DeadlineExceeded: replyExpired, io.EOF: replyFailure,
	} {
		if got := replyCode(fmt.Errorf("dial: %w", &net.OpError{Op: "dial", Err: err})); got != want {
			t.Errorf("%v: %d, want %d", err, got, want)
		}
	}
}

// What is no SOCKS5, as the request of a browser, gets nothing.
func TestSOCKSRefusesOtherProtocols(t *testing.T) {
	for _, text := range []string{"GET / HTTP/1.1\r\n\r\n", "\x04\x01\x00\x50\x7f\x00\x00\x01\x00", "\x05\x01\x02", "\x05\x01\x00\x04\x01\x00\x01"} {
		c := dialTo(t, socksAt(t, &Server{}))
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
		_ = c.CloseWrite()
		got, err := io.ReadAll(c) // or a reset, as not all was read
		if len(got) > 2 || isTimeout(err) {
			t.Errorf("%q is answered with %q", text, got)
		}
	}
}

// Every prefix of a request ends without harm.
func TestSOCKSRequestsCutOff(t *testing.T) {
	whole := name(1, "intranet", 80)
	for i := range whole {
		if _, _, err := readRequest(bytes.NewReader(whole[:i])); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d of %d octets: %v", i, len(whole), err)
		}
	}
}

// A client that says nothing, or stops in the middle, is let go.
func TestSOCKSClientThatHangs(t *testing.T) {
	for _, said := range [][]byte{nil, {5}, {5, 1, 0}, {5, 1, 0, 5, 1, 0, 1, 10}} {
		synctest.Test(t, func(t *testing.T) {
			s := &Server{Network: &street{}}
			ours, theirs := net.Pipe()
			go func() { _, _ = ours.Write(said); _, _ = io.Copy(io.Discard, ours) }()
			begun := time.Now()
			s.socks(t.Context(), theirs)
			if took := time.Since(begun); took != DefaultLimits().Request {
				t.Errorf("after %x it took %v", said, took)
			}
			_, _ = ours.Close(), theirs.Close()
		})
	}
}

// A target that does not answer is given up in time.
func TestSOCKSTargetThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{Network: &street{hang: true}}
		ours, theirs := net.Pipe()
		go s.connect(t.Context(), theirs, "intranet:80")
		begun := time.Now()
		b := make([]byte, 10)
		if _, err := io.ReadFull(ours, b); err != nil || b[1] != replyExpired || time.Since(begun) != DefaultLimits().Dial {
			t.Errorf("after %v: %x, %v", time.Since(begun), b, err)
		}
	})
}

// After one side has ended its half, silence ends the other; use keeps it.
func TestHalfOpenConnectionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, a := net.Pipe()
		b, server := net.Pipe()
		ended := make(chan struct{})
		go func() { join(t.Context(), halving{a}, halving{b}, time.Minute); close(ended) }()
		_ = client.Close() // the half from client to server
		begun := time.Now()
		<-ended
		if took := time.Since(begun); took != time.Minute {
			t.Errorf("it took %v", took)
		}
		_ = server.Close()
	})
}

// halving is a pipe that keeps its other half when it ends one.
type halving struct{ net.Conn }

func (halving) CloseWrite() error { return nil }

func TestAssociation(t *testing.T) {
	shout, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	defer shout.Close()
	go func() {
		b := make([]byte, 2000)
		for {
			n, from, err := shout.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			_, _ = shout.WriteToUDPAddrPort(bytes.ToUpper(b[:n]), from)
		}
	}()
	port := addrPort(shout.LocalAddr()).Port()
	control := dialTo(t, socksAt(t, &Server{}))
	say(t, control, 2, 5, 1, 0)
	bound := say(t, control, 10, 5, 3, 0, 1, 0, 0, 0, 0, 0, 0)
	if bound[1] != replyDone {
		t.Fatalf("reply is %x", bound)
	}
	relay := netip.AddrPortFrom(netip.AddrFrom4([4]byte(bound[4:8])), binary.BigEndian.Uint16(bound[8:]))
	ours, stranger := udpTo(t, relay), udpTo(t, relay)
	for _, to := range [][]byte{name(0, "intranet", port)[3:], appendAddress(nil, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port))} {
		if _, err := ours.Write(append([]byte{0, 0, 1}, append(bytes.Clone(to), "fragment"...)...)); err != nil {
			t.Fatal(err)
		}
		if _, err := ours.Write(append([]byte{0, 0, 0}, append(bytes.Clone(to), "hello"...)...)); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 2000)
		n, err := ours.Read(b)
		want := append(appendAddress([]byte{0, 0, 0}, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)), "HELLO"...)
		if err != nil || !bytes.Equal(b[:n], want) {
			t.Errorf("got %q, %v, want %q", b[:n], err, want)
		}
		if _, err := stranger.Write(append([]byte{0, 0, 0}, append(bytes.Clone(to), "steal"...)...)); err != nil {
			t.Fatal(err)
		}
	}
	_ = stranger.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if n, err := stranger.Read(make([]byte, 100)); err == nil {
		t.Errorf("another port got %d octets", n)
	}
	_ = control.Close() // ends it, as the cleanup of the proxy shows
}

func udpTo(t *testing.T, at netip.AddrPort) *net.UDPConn {
	t.Helper()
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(at))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return c
}

func FuzzRequest(f *testing.F) {
	f.Add(name(1, "intranet", 80))
	f.Add([]byte{5, 3, 0, 1, 127, 0, 0, 1, 0, 80})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, to, err := readRequest(bytes.NewReader(b)); err == nil && to.String() == "" {
			t.Error("a destination without text")
		}
		if to, payload, ok := parseDatagram(b); ok && (len(payload) > len(b) || to.addr.IsValid() && to.name != "") {
			t.Errorf("%+v with %d octets of %d", to, len(payload), len(b))
		}
	})
}
