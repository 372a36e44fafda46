package user

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// ping sends echo requests until one is answered or the time is over.
func (n *node) ping(from, to netip.Addr, within time.Duration) error {
	return n.try(func() error { return ping(from, to, within, 56) })
}

// ping sends requests with that many octets of data.
func ping(from, to netip.Addr, within time.Duration, octets int) error {
	network, request, reply, protocol := "ip4:icmp", icmp.Type(ipv4.ICMPTypeEcho), icmp.Type(ipv4.ICMPTypeEchoReply), 1
	if to.Is6() {
		network, request, reply, protocol = "ip6:ipv6-icmp", ipv6.ICMPTypeEchoRequest, ipv6.ICMPTypeEchoReply, 58
	}
	c, err := icmp.ListenPacket(network, from.String())
	if err != nil {
		return err
	}
	defer c.Close()
	id, deadline, buffer := os.Getpid()&0xffff, time.Now().Add(within), make([]byte, 1<<16)
	for seq := 1; time.Now().Before(deadline); seq++ {
		m := icmp.Message{Type: request, Body: &icmp.Echo{ID: id, Seq: seq, Data: bytes.Repeat([]byte{'p'}, octets)}}
		b, err := m.Marshal(nil)
		if err != nil {
			return err
		}
		if _, err := c.WriteTo(b, &net.IPAddr{IP: to.AsSlice()}); err != nil {
			return err
		}
		c.SetReadDeadline(earliest(deadline, time.Now().Add(100*time.Millisecond)))
		if answered(c, buffer, protocol, reply, id, octets) {
			return nil
		}
	}
	return os.ErrDeadlineExceeded
}

func answered(c *icmp.PacketConn, buffer []byte, protocol int, reply icmp.Type, id, octets int) bool {
	for {
		n, _, err := c.ReadFrom(buffer)
		if err != nil {
			return false
		}
		m, err := icmp.ParseMessage(protocol, buffer[:n])
		if err != nil || m.Type != reply {
			continue
		}
		if e, ok := m.Body.(*icmp.Echo); ok && e.ID == id && len(e.Data) == octets {
			return true
		}
	}
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// transfer sends octets over TCP from one node to another and compares what arrives.
func transfer(from, to *node, source, destination netip.Addr, octets int64) error {
	l, err := listen(to, destination)
	if err != nil {
		return err
	}
	defer l.Close()
	received := make(chan error, 1)
	go func() { received <- receive(l, octets) }()
	c, err := dial(from, source, l.Addr())
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(c, h), io.LimitReader(&pattern{}, octets)); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	if _, err := c.Write(h.Sum(nil)); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return <-received
}

// receive reads octets and a hash of them.
func receive(l *net.TCPListener, octets int64) error {
	l.SetDeadline(time.Now().Add(patience))
	c, err := l.AcceptTCP()
	if err != nil {
		return fmt.Errorf("accept: %w", err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	h, sum := sha256.New(), make([]byte, sha256.Size)
	if _, err := io.CopyN(h, c, octets); err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	if _, err := io.ReadFull(c, sum); err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	if !bytes.Equal(sum, h.Sum(nil)) {
		return errors.New("what arrived is not what was sent")
	}
	return nil
}

func listen(at *node, a netip.Addr) (l *net.TCPListener, err error) {
	err = at.try(func() (err error) {
		l, err = net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(a, 0)))
		return err
	})
	return l, err
}

// dial connects, from a source that the kernel chooses if none is given.
func dial(at *node, source netip.Addr, to net.Addr) (c net.Conn, err error) {
	err = at.try(func() (err error) {
		d := net.Dialer{Timeout: patience}
		if source.IsValid() {
			d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))
		}
		c, err = d.Dial("tcp", to.String())
		return err
	})
	return c, err
}

// pattern is an endless stream in which no two stretches are the same.
type pattern struct{ at uint64 }

func (p *pattern) Read(b []byte) (int, error) {
	for i := 0; i+8 <= len(b); i += 8 {
		binary.BigEndian.PutUint64(b[i:], p.at*0x9e3779b97f4a7c15)
		p.at++
	}
	return len(b) &^ 7, nil
}
