package api

import (
	"crypto/tls"
	"errors"
)

// transport is TLS as the configuration has it when a client connects (RFC 8446). Nobody comes in without a certificate of one
// of the authorities; which of them may do what is looked at with each request. There are no tickets, by which a client that was
// locked out meanwhile would come back.
func (s *Server) transport() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			a := s.access.Load()
			if len(a.config.Certificates) == 0 || a.config.Key == nil {
				return nil, errors.New("the configuration has no certificate")
			}
			own := tls.Certificate{PrivateKey: a.config.Key.Key}
			for _, f := range a.config.Certificates {
				for _, c := range f.Certificates {
					own.Certificate = append(own.Certificate, c.Raw)
				}
			}
			return &tls.Config{
				MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.roots,
				NextProtos: []string{"http/1.1"}, SessionTicketsDisabled: true,
			}, nil
		},
	}
}
