package config

import (
	"slices"

	"culvert/auth"
	"culvert/eap"
)

// overTLS reports whether one of some methods runs over TLS.
func overTLS(methods []eap.Type) bool {
	return tunnelled(methods) || slices.Contains(methods, eap.TypeTLS)
}

// tunnelled reports whether one of some methods has another one inside.
func tunnelled(methods []eap.Type) bool {
	return slices.Contains(methods, eap.TypeTTLS) || slices.Contains(methods, eap.TypePEAP)
}

func outsideTLS(m eap.Type) bool { return !overTLS([]eap.Type{m}) }

// certificatesOnly reports whether clients need no account, but a certificate.
func certificatesOnly(methods []eap.Type) bool {
	return len(methods) == 1 && methods[0] == eap.TypeTLS
}

// EAPServerTrust returns by which authorities and under which name, or pattern, a server of EAP over TLS is trusted in a round
// of ours: what the block tls says, else what the peer of IKE must be.
func (c *Connection) EAPServerTrust(t *LocalTLS) (trusted Authorities, name auth.Identity) {
	trusted, name = t.Authorities, t.ServerName
	if len(trusted.CAs) == 0 {
		trusted = c.Remote.Authorities
	}
	if name == (auth.Identity{}) {
		name = c.Remote.ID
	}
	return trusted, name
}

// EAPServerCertificate returns what we show as a server of EAP over TLS.
func (c *Connection) EAPServerCertificate(t *RemoteTLS) ([]CertificateFile, *KeyFile) {
	if t.Key == nil {
		return c.Local.Certificates, c.Local.Key
	}
	return t.Certificates, t.Key
}

// placeOfTLS is where to report what a block tls lacks: in it, or in the block eap if there is none. It is nil where no method is
// over TLS.
func (d *decoder) placeOfTLS(block, tls *Origin, methods []eap.Type) *Origin {
	switch over := block.Present() && overTLS(methods); {
	case over && tls.Present():
		return tls
	case over:
		return block
	case tls.Present():
		d.contradiction(tls, "tls", `none of methods is over TLS: add "tls", "ttls" or "peap", or leave out the block tls`)
	}
	return nil
}

// checkEAPClient looks at what EAP over TLS needs as client.
func (d *decoder) checkEAPClient(c *Connection, e *LocalEAP) {
	o := d.placeOfTLS(&e.Origin, &e.TLS.Origin, e.Methods)
	if o == nil {
		return
	}
	trusted, name := c.EAPServerTrust(&e.TLS)
	switch {
	case len(trusted.CAs) == 0:
		d.lacks(o, "tls", "ca", "say which authorities may vouch for the EAP server, here or in remote.ca")
	case name == (auth.Identity{}) || name.IsAny():
		d.lacks(o, "tls", "server_name", "say whom the EAP server's certificate must be for, here or in remote.id: else anybody with a certificate of the authority can pose as the server")
	case slices.Contains(e.Methods, eap.TypeTLS) && e.TLS.Key == nil:
		d.lacks(o, "tls", "certificate", "EAP-TLS authenticates us by a certificate: set certificate and key")
	case slices.Contains(e.Methods, eap.TypePEAP) && e.TLS.Inner == InnerPAP:
		d.contradiction(o, "inner", `PEAP has EAP methods inside: use "mschapv2" or "gtc", or "ttls" among methods`)
	case e.TLS.Anonymous != "" && slices.ContainsFunc(e.Methods, outsideTLS):
		d.contradiction(o, "anonymous_identity", "methods that are not over TLS would authenticate this name: leave them out, or leave it out")
	}
}

// inPEAP tells whether PEAP carries a method: one of EAP that does not need the identifiers of packets, which it leaves out.
func inPEAP(m InnerMethod) bool { return m != InnerPAP && m != InnerMD5 }

// checkEAPServer looks at what EAP over TLS needs as server.
func (d *decoder) checkEAPServer(c *Connection, e *RemoteEAP) {
	o := d.placeOfTLS(&e.Origin, &e.TLS.Origin, e.Methods)
	if o == nil {
		return
	}
	files, key := c.EAPServerCertificate(&e.TLS)
	switch {
	case key == nil || len(files) == 0:
		d.lacks(o, "tls", "certificate", "a server of EAP over TLS shows a certificate: set certificate and key, here or in the block local")
	case slices.Contains(e.Methods, eap.TypeTLS) && len(e.TLS.CAs) == 0:
		d.lacks(o, "tls", "ca", "say which authorities may vouch for clients of EAP-TLS")
	case slices.Contains(e.Methods, eap.TypePEAP) && !slices.ContainsFunc(e.TLS.Inner, inPEAP):
		d.contradiction(o, "inner", `PEAP has EAP methods inside: add "mschapv2" or "gtc", or leave "peap" out of methods`)
	case tunnelled(e.Methods) && len(e.TLS.Inner) == 0:
		d.contradiction(o, "inner", "nothing is accepted inside the tunnel")
	}
}
