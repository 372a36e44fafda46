package daemon

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"culvert/config"
	"culvert/radius"
)

func nasOf(c *config.RADIUS) radius.NAS {
	n := radius.NAS{Identifier: c.NASIdentifier, Address: c.NASAddress}
	if n.Identifier == "" {
		n.Identifier, _ = os.Hostname() // without a name the address is enough
	}
	return n
}

func rulesOf(c *config.RADIUS) radius.GroupRules {
	return radius.GroupRules{From: c.GroupsFrom, Names: c.Groups, Only: c.GroupsOnly}
}

func serverOf(c *config.RADIUS, s *config.RADIUSServer) radius.Server {
	host := s.Address.String()
	at := func(port uint16) string { return net.JoinHostPort(host, strconv.Itoa(int(port))) }
	server := radius.Server{Name: s.Name, Auth: at(s.Port), Accounting: at(s.AccountingPort), Secret: s.Secret, Timeout: c.Timeout, Tries: c.Tries}
	if s.Transport == config.TransportTLS {
		server.TLS = tlsOf(s)
	}
	return server
}

// tlsOf is how we speak TLS with a server: 1.2 at least, and nobody is trusted but the configured authorities (RFC 6614,
// Section 2.3).
func tlsOf(s *config.RADIUSServer) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: s.ServerName, RootCAs: x509.NewCertPool()}
	for _, ca := range certificates(s.CAs) {
		c.RootCAs.AddCert(ca)
	}
	own := tls.Certificate{PrivateKey: s.Key.Key}
	for _, cert := range certificates(s.Certificates) {
		own.Certificate = append(own.Certificate, cert.Raw)
	}
	c.Certificates = []tls.Certificate{own}
	return c
}

// listenDAE opens the sockets for requests of servers; without clients there are none. While a reload changes a group, the
// sockets of the old one are still there.
func listenDAE(ctx context.Context, c *config.DAE) (sockets []net.PacketConn, err error) {
	if len(c.Clients) == 0 {
		return nil, nil
	}
	addresses := c.Listen
	if len(addresses) == 0 {
		addresses = []netip.Addr{netip.IPv6Unspecified()}
	}
	shared := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		outer := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
		return errors.Join(outer, err)
	}}
	for _, a := range addresses {
		conn, err := shared.ListenPacket(ctx, "udp", netip.AddrPortFrom(a, c.Port).String())
		if err != nil {
			for _, s := range sockets {
				err = errors.Join(err, s.Close())
			}
			return nil, fmt.Errorf("dae: %w: another program may have the port; set dae.listen or dae.port", err)
		}
		sockets = append(sockets, conn)
	}
	return sockets, nil
}
