package netstack

import (
	"errors"
	"io"
	"net"

	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
)

// A listener says net.ErrClosed when it or the stack was closed, as those of package net do.
type listener struct{ net.Listener }

// Accept fails for no other reason.
func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
	}
	return c, nil
}

// A datagramSocket does the same. Datagrams have no end, which is what the stack says in its place.
type datagramSocket struct{ *gonet.UDPConn }

// A datagramConn has both faces of a socket.
type datagramConn interface {
	net.Conn
	net.PacketConn
}

func socketOf(c *gonet.UDPConn, err error) (datagramConn, error) {
	if err != nil {
		return nil, err
	}
	return datagramSocket{c}, nil
}

// Read reads a datagram of the host that the socket is connected to.
func (s datagramSocket) Read(b []byte) (int, error) {
	n, err := s.UDPConn.Read(b)
	return n, s.reason(err)
}

// ReadFrom reads a datagram and tells its sender.
func (s datagramSocket) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := s.UDPConn.ReadFrom(b)
	return n, from, s.reason(err)
}

func (s datagramSocket) reason(err error) error {
	if !errors.Is(err, io.EOF) {
		return err
	}
	return &net.OpError{Op: "read", Net: "udp", Addr: s.LocalAddr(), Err: net.ErrClosed}
}
