package proxy

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// Numbers of SOCKS5 (RFC 1928; RFC 1929).
const (
	socksVersion    = 5
	passwordVersion = 1

	methodNone     = 0
	methodPassword = 2
	methodRefused  = 0xff

	commandConnect   = 1
	commandAssociate = 3

	addressIPv4 = 1
	addressName = 3
	addressIPv6 = 4

	replyDone               = 0
	replyFailure            = 1
	replyNetworkUnreachable = 3
	replyHostUnreachable    = 4
	replyRefused            = 5
	replyExpired            = 6
	replyNoCommand          = 7
	replyNoAddressType      = 8
)

var (
	errVersion     = errors.New("not SOCKS5")
	errAddressType = errors.New("unknown type of address")
)

// SOCKS serves SOCKS5.
func (s *Server) SOCKS(ctx context.Context, l net.Listener) error { return s.serve(ctx, l, s.socks) }

// socks is the life of one client's connection.
func (s *Server) socks(ctx context.Context, c net.Conn) {
	if err := c.SetDeadline(time.Now().Add(s.limits().Request)); err != nil || s.greet(c) != nil {
		return
	}
	command, to, err := readRequest(c)
	switch {
	case errors.Is(err, errAddressType):
		_ = reply(c, replyNoAddressType, nil)
		return
	case err != nil:
		return
	}
	_ = c.SetDeadline(time.Time{})
	switch command {
	case commandConnect:
		s.connect(ctx, c, to.String())
	case commandAssociate:
		s.associate(ctx, c)
	default:
		_ = reply(c, replyNoCommand, nil)
	}
}

// greet agrees on how the client shows who it is, and looks (RFC 1928, Section 3).
func (s *Server) greet(c net.Conn) error {
	var head [2]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return err
	}
	if head[0] != socksVersion {
		return errVersion
	}
	methods := make([]byte, head[1])
	if _, err := io.ReadFull(c, methods); err != nil {
		return err
	}
	method := byte(methodNone)
	if s.Account != nil {
		method = methodPassword
	}
	if !slices.Contains(methods, method) {
		_, _ = c.Write([]byte{socksVersion, methodRefused})
		return errors.New("no way to authenticate in common")
	}
	if _, err := c.Write([]byte{socksVersion, method}); err != nil {
		return err
	}
	if s.Account == nil {
		return nil
	}
	return s.checkPassword(c)
}

// checkPassword is the sub-negotiation of RFC 1929:
//
//	| version (1) | length (1) | user | length (1) | password |
func (s *Server) checkPassword(c net.Conn) error {
	var version [1]byte
	if _, err := io.ReadFull(c, version[:]); err != nil {
		return err
	}
	if version[0] != passwordVersion {
		return errVersion
	}
	user, err := readShort(c)
	if err != nil {
		return err
	}
	password, err := readShort(c)
	if err != nil {
		return err
	}
	if !s.Account.is(user, password) {
		_, _ = c.Write([]byte{passwordVersion, 1})
		return errors.New("wrong user or password")
	}
	_, err = c.Write([]byte{passwordVersion, 0})
	return err
}

// readShort reads a length of one octet and what is so long.
func readShort(r io.Reader) ([]byte, error) {
	var n [1]byte
	if _, err := io.ReadFull(r, n[:]); err != nil {
		return nil, err
	}
	b := make([]byte, n[0])
	_, err := io.ReadFull(r, b)
	return b, err
}

// A destination is an address or a name, with a port.
type destination struct {
	addr netip.Addr
	name string
	port uint16
}

// String returns the destination as it is dialed.
func (d destination) String() string {
	host := d.name
	if d.addr.IsValid() {
		host = d.addr.String()
	}
	return net.JoinHostPort(host, strconv.Itoa(int(d.port)))
}

// readRequest reads what the client wants (RFC 1928, Section 4):
//
//	| version (1) | command (1) | 0 (1) | address type (1) | address | port (2) |
func readRequest(r io.Reader) (command byte, to destination, err error) {
	var head [3]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, to, err
	}
	if head[0] != socksVersion {
		return 0, to, errVersion
	}
	to, err = readDestination(r)
	return head[1], to, err
}

// readDestination reads type, address and port.
func readDestination(r io.Reader) (to destination, err error) {
	var kind [1]byte
	if _, err = io.ReadFull(r, kind[:]); err != nil {
		return to, err
	}
	switch kind[0] {
	case addressIPv4:
		var a [4]byte
		_, err = io.ReadFull(r, a[:])
		to.addr = netip.AddrFrom4(a)
	case addressIPv6:
		var a [16]byte
		_, err = io.ReadFull(r, a[:])
		to.addr = netip.AddrFrom16(a).Unmap()
	case addressName:
		var name []byte
		name, err = readShort(r)
		to.name = string(name)
	default:
		return to, fmt.Errorf("%w: %d", errAddressType, kind[0])
	}
	if err != nil {
		return to, err
	}
	var port [2]byte
	_, err = io.ReadFull(r, port[:])
	to.port = binary.BigEndian.Uint16(port[:])
	return to, err
}

// appendAddress writes type, address and port; none is 0.0.0.0:0.
func appendAddress(b []byte, a netip.AddrPort) []byte {
	switch addr := a.Addr().Unmap(); {
	case addr.Is6():
		b = append(append(b, addressIPv6), addr.AsSlice()...)
	case addr.Is4():
		b = append(append(b, addressIPv4), addr.AsSlice()...)
	default:
		b = append(b, addressIPv4, 0, 0, 0, 0)
	}
	return binary.BigEndian.AppendUint16(b, a.Port())
}

// reply answers a request (RFC 1928, Section 6).
func reply(w io.Writer, code byte, bound net.Addr) error {
	_, err := w.Write(appendAddress([]byte{socksVersion, code, 0}, addrPort(bound)))
	return err
}

// addrPort is an address of package net; others are none.
func addrPort(a net.Addr) netip.AddrPort {
	if a, ok := a.(interface{ AddrPort() netip.AddrPort }); ok {
		return a.AddrPort()
	}
	return netip.AddrPort{}
}

// connect is CONNECT.
func (s *Server) connect(ctx context.Context, c net.Conn, to string) {
	out, err := s.dial(ctx, to)
	if err != nil {
		_ = reply(c, replyCode(err), nil)
		return
	}
	if err := reply(c, replyDone, out.LocalAddr()); err != nil {
		_ = out.Close()
		return
	}
	join(ctx, c, out, s.limits().HalfOpen)
}

// replyCode says why a target was not reached, as far as SOCKS has words for it.
func replyCode(err error) byte {
	var name *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return replyRefused
	case errors.Is(err, syscall.EHOSTUNREACH), errors.As(err, &name) && name.IsNotFound:
		return replyHostUnreachable
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT), errors.As(err, &timeout) && timeout.Timeout():
		return replyExpired
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.ENETDOWN):
		return replyNetworkUnreachable
	}
	return replyFailure
}
