package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
)

// ping sends echo requests from the address behind west to that behind east.
func (n *namespaces) ping(_ context.Context, count int) (times []time.Duration, err error) {
	err = n.west.inside(func() error {
		conn, err := icmp.ListenPacket("ip4:icmp", n.west.inner.String())
		if err != nil {
			return err
		}
		defer conn.Close()
		for seq := range count {
			t, err := echo(conn, n.east.inner, seq)
			if err != nil {
				return err
			}
			times = append(times, t)
		}
		return nil
	})
	return times, err
}

// echo sends one request and waits a second for its answer.
func echo(conn *icmp.PacketConn, to netip.Addr, seq int) (time.Duration, error) {
	request := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{ID: os.Getpid() & 0xffff, Seq: seq, Data: []byte("under the road")}}
	packet, err := request.Marshal(nil)
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	if err := conn.SetDeadline(begin.Add(time.Second)); err != nil {
		return 0, err
	}
	if _, err := conn.WriteTo(packet, &net.IPAddr{IP: to.AsSlice()}); err != nil {
		return 0, err
	}
	buf := make([]byte, 1500)
	for {
		n, _, err := conn.ReadFrom(buf)
		if err != nil {
			return 0, fmt.Errorf("no answer from %v: %w", to, err)
		}
		const protocolICMP = 1
		m, err := icmp.ParseMessage(protocolICMP, buf[:n])
		if err != nil {
			continue
		}
		if e, ok := m.Body.(*icmp.Echo); ok && m.Type == ipv4.ICMPTypeEchoReply && e.Seq == seq {
			return time.Since(begin), nil
		}
	}
}

// transfer sends a TCP stream from west to east and returns how much arrived.
func (n *namespaces) transfer(ctx context.Context, d time.Duration) (int64, string, error) {
	var listener net.Listener
	err := n.east.inside(func() (err error) {
		listener, err = net.Listen("tcp", netip.AddrPortFrom(n.east.inner, 0).String())
		return err
	})
	if err != nil {
		return 0, "", err
	}
	defer listener.Close()
	received := make(chan int64, 1)
	go func() { received <- drain(listener) }()
	err = n.west.inside(func() error { return pour(ctx, n.west.inner, listener.Addr(), d) })
	if err != nil {
		return 0, "", err
	}
	return <-received, "TCP carried on through every change of keys", nil
}

// drain counts the octets of the first connection.
func drain(l net.Listener) int64 {
	conn, err := l.Accept()
	if err != nil {
		return 0
	}
	defer conn.Close()
	n, _ := io.Copy(io.Discard, conn)
	return n
}

// pour sends for a while.
func pour(ctx context.Context, from netip.Addr, to net.Addr, d time.Duration) error {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: from.AsSlice()}}
	conn, err := dialer.DialContext(ctx, "tcp", to.String())
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetWriteDeadline(time.Now().Add(d)); err != nil {
		return err
	}
	buf := make([]byte, 1<<17)
	for {
		if _, err := conn.Write(buf); errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		} else if err != nil {
			return err
		}
	}
}
