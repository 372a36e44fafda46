package daemon

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"slices"
	"time"

	"culvert/auth"
	"culvert/auth/chain"
	"culvert/auth/revocation"
	"culvert/config"
	"culvert/eap"
	"culvert/eap/carrier"
	"culvert/eap/eaptls"
	"culvert/eap/gtc"
	"culvert/eap/md5"
	"culvert/eap/mschapv2"
	"culvert/eap/peap"
	"culvert/eap/ttls"
)

// tlsClient is a method over TLS of ours. The configuration was checked, so that it has what the method needs.
func (t *translator) tlsClient(kind eap.Type, c *config.Connection, e *config.LocalEAP) (eap.Method, error) {
	trusted, name := c.EAPServerTrust(&e.TLS)
	verifier, err := auth.NewServerTrust(t.tlsRemote(trusted, &e.TLS.EAPTLS), name)
	if err != nil {
		return nil, err
	}
	carry := tlsCarrier(&e.TLS.EAPTLS, e.TLS.Certificates, e.TLS.Key)
	carry.Verifier = verifier
	switch kind {
	case eap.TypeTLS:
		return eaptls.NewClient(carry)
	case eap.TypeTTLS:
		return ttls.NewClient(carry, e.Identity, innerOfTTLS(e))
	}
	return peap.NewClient(carry, &eap.Peer{Identity: e.Identity, Methods: ofPEAP(innerEAP(e))}, e.TLS.RequireBinding)
}

// innerOfTTLS is how we authenticate inside EAP-TTLS.
func innerOfTTLS(e *config.LocalEAP) ttls.Inner {
	password := eap.Stored(e.Password)
	switch e.TLS.Inner {
	case config.InnerPAP:
		return ttls.PAP(password)
	case config.InnerMSCHAPv2:
		return ttls.MSCHAPv2(mschapv2.Client{Password: password})
	}
	return ttls.EAP(&eap.Peer{Identity: e.Identity, Methods: innerEAP(e)})
}

// innerEAP are the EAP methods that we agree to inside a tunnel, best first.
func innerEAP(e *config.LocalEAP) []eap.Method {
	password := eap.Stored(e.Password)
	switch e.TLS.Inner {
	case config.InnerGTC:
		return []eap.Method{gtc.Client{Password: password}}
	case config.InnerEAP:
		return []eap.Method{mschapv2.Client{Password: password}, md5.Client{Password: password}}
	}
	return []eap.Method{mschapv2.Client{Password: password}}
}

// ofPEAP leaves out EAP-MD5, which hashes the identifiers of packets: PEAP does not carry them ([MS-PEAP], Section 3.1.5.6).
func ofPEAP(methods []eap.Method) []eap.Method {
	return slices.DeleteFunc(methods, func(m eap.Method) bool { return m.Type() == eap.TypeMD5Challenge })
}

// tlsServer is a method over TLS that we offer. Accounts are nil where certificates are enough.
func (t *translator) tlsServer(kind eap.Type, c *config.Connection, e *config.RemoteEAP, accounts eap.Accounts) (eap.Method, error) {
	files, key := c.EAPServerCertificate(&e.TLS)
	carry := tlsCarrier(&e.TLS.EAPTLS, files, key)
	carry.Staple = t.stapler(certificates(files))
	switch kind {
	case eap.TypeTLS:
		verifier, err := auth.NewClientTrust(t.tlsRemote(e.TLS.Authorities, &e.TLS.EAPTLS))
		if err != nil {
			return nil, err
		}
		carry.Verifier, carry.Issuers = verifier, verifier.Issuers()
		if e.TLS.AnyCertificate {
			accounts = nil
		}
		return eaptls.NewServer(carry, accounts)
	case eap.TypeTTLS:
		return ttls.NewServer(carry, serverOfTTLS(e.TLS.Inner, accounts))
	}
	return peap.NewServer(carry, &eap.Authenticator{Methods: ofPEAP(innerServers(e.TLS.Inner, accounts))}, e.TLS.RequireBinding)
}

// serverOfTTLS is what we accept inside EAP-TTLS.
func serverOfTTLS(inner []config.InnerMethod, accounts eap.Accounts) ttls.Methods {
	var m ttls.Methods
	if slices.Contains(inner, config.InnerPAP) {
		m.PAP = accounts
	}
	if slices.Contains(inner, config.InnerMSCHAPv2) {
		m.MSCHAPv2 = accounts
	}
	if methods := innerServers(inner, accounts); len(methods) > 0 {
		m.EAP = &eap.Authenticator{Methods: methods}
	}
	return m
}

// innerServers are the EAP methods that we accept inside a tunnel, best first.
func innerServers(inner []config.InnerMethod, accounts eap.Accounts) (methods []eap.Method) {
	for _, m := range inner {
		switch m {
		case config.InnerMSCHAPv2:
			methods = append(methods, mschapv2.Server{Accounts: accounts})
		case config.InnerGTC:
			methods = append(methods, gtc.Server{Accounts: accounts})
		case config.InnerMD5:
			methods = append(methods, md5.Server{Accounts: accounts})
		}
	}
	return methods
}

// tlsCarrier is what both sides have.
func tlsCarrier(e *config.EAPTLS, files []config.CertificateFile, key *config.KeyFile) carrier.Config {
	c := carrier.Config{MinVersion: e.MinVersion, MaxVersion: e.MaxVersion, Fragment: e.Fragment, ExtendedMasterSecret: e.RequireEMS}
	if key != nil {
		chain := certificates(files)
		c.Certificate = &tls.Certificate{PrivateKey: key.Key, Leaf: chain[0]}
		for _, cert := range chain {
			c.Certificate.Certificate = append(c.Certificate.Certificate, cert.Raw)
		}
	}
	return c
}

// tlsRemote is what the other side's certificates are judged by.
func (t *translator) tlsRemote(trusted config.Authorities, e *config.EAPTLS) *auth.Remote {
	r := &auth.Remote{Revocation: e.Revocation, Demands: chain.Demands{Keys: e.ChainKeys, Signatures: e.ChainSigned}}
	trust(r, trusted)
	if e.Revocation != revocation.Off {
		r.RevocationInfo = revocation.NewChecker(t.fetcher, revocation.Options{CRLs: revocationLists(e.CRLs), Places: t.places(), Cache: t.answers})
	}
	return r
}

// stapler gets OCSP answers about a certificate of ours, nil if its issuer is not at hand.
func (t *translator) stapler(chain []*x509.Certificate) func(context.Context, time.Time) []byte {
	if len(chain) < 2 {
		return nil
	}
	checker := revocation.NewChecker(t.fetcher, revocation.Options{Places: t.places(), Cache: t.answers})
	return func(ctx context.Context, now time.Time) []byte {
		answer, err := checker.Staple(ctx, chain[0], chain[1], now)
		if err != nil {
			return nil
		}
		return answer
	}
}
