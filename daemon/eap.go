package daemon

import (
	"crypto/x509"
	"slices"
	"time"

	"culvert/config"
	"culvert/eap"
	"culvert/eap/aka"
	"culvert/eap/gtc"
	"culvert/eap/md5"
	"culvert/eap/mschapv2"
)

// eapClient is how we authenticate by EAP.
func (t *translator) eapClient(c *config.Connection, e *config.LocalEAP) eap.Client {
	peer := &eap.Peer{Identity: e.Identity}
	if e.SIM != nil {
		peer.Identity = aka.Permanent(e.Identity, slices.Contains(e.Methods, eap.TypeAKAPrime))
	}
	if e.TLS.Anonymous != "" {
		peer.Identity = e.TLS.Anonymous
	}
	for _, kind := range e.Methods {
		if m := t.eapClientMethod(kind, c, e); m != nil {
			peer.Methods = append(peer.Methods, m)
		}
	}
	return peer
}

// eapClientMethod is one method of ours with what it needs. One that lacks something, which the configuration's checks do not
// let happen, is left out.
func (t *translator) eapClientMethod(kind eap.Type, c *config.Connection, e *config.LocalEAP) eap.Method {
	password := eap.Stored(e.Password)
	switch kind {
	case eap.TypeMSCHAPv2:
		return mschapv2.Client{Password: password}
	case eap.TypeMD5Challenge:
		return md5.Client{Password: password}
	case eap.TypeGTC:
		return gtc.Client{Password: password, Bare: true}
	case eap.TypeAKA, eap.TypeAKAPrime:
		return t.akaClient(kind, e)
	case eap.TypeTLS, eap.TypeTTLS, eap.TypePEAP:
		if m, err := t.tlsClient(kind, c, e); err == nil {
			return m
		}
	}
	return nil
}

// akaClient is EAP-AKA or EAP-AKA' with our SIM.
func (t *translator) akaClient(kind eap.Type, e *config.LocalEAP) eap.Method {
	if e.SIM == nil {
		return nil
	}
	card, err := t.sims.card(*e.SIM)
	if err != nil {
		return nil
	}
	return aka.Client{Card: card, Prime: kind == eap.TypeAKAPrime, Network: e.Network, PrimeToo: slices.Contains(e.Methods, eap.TypeAKAPrime)}
}

// An eapServer is a server with what it was made for.
type eapServer struct {
	config *config.RemoteEAP
	shown  *x509.Certificate // by methods over TLS; nil: none
	server eap.Server
}

// eapServer is how we authenticate a peer by EAP, or who does. Connections that mean the same have the same server, so that a peer which
// one of them has authenticated may turn out to be for another.
func (t *translator) eapServer(c *config.Connection, e *config.RemoteEAP) eap.Server {
	var shown *x509.Certificate
	if files, _ := c.EAPServerCertificate(&e.TLS); len(certificates(files)) > 0 {
		shown = certificates(files)[0]
	}
	i := slices.IndexFunc(t.servers, func(s eapServer) bool { return s.shown.Equal(shown) && s.config.SameServer(e) })
	if i < 0 {
		i = len(t.servers)
		t.servers = append(t.servers, eapServer{config: e, shown: shown, server: t.newEAPServer(c, e)})
	}
	return t.servers[i].server
}

// newEAPServer makes a server.
func (t *translator) newEAPServer(c *config.Connection, e *config.RemoteEAP) eap.Server {
	if e.RADIUS != "" {
		return t.proxies.proxy(e.RADIUS, e.AskIdentity)
	}
	var accounts eap.Accounts
	if u := t.config.UsersOf(e.Users); u != nil {
		accounts = u.Table(time.Now, t.sims.centre)
	}
	server := &eap.Authenticator{AskIdentity: e.AskIdentity}
	for _, kind := range e.Methods {
		if m := t.eapServerMethod(kind, c, e, accounts); m != nil {
			server.Methods = append(server.Methods, m)
		}
	}
	return server
}

// eapServerMethod is one method that we offer.
func (t *translator) eapServerMethod(kind eap.Type, c *config.Connection, e *config.RemoteEAP, accounts eap.Accounts) eap.Method {
	switch kind {
	case eap.TypeMSCHAPv2:
		return mschapv2.Server{Accounts: accounts}
	case eap.TypeMD5Challenge:
		return md5.Server{Accounts: accounts}
	case eap.TypeGTC:
		return gtc.Server{Accounts: accounts, Bare: true}
	case eap.TypeAKA, eap.TypeAKAPrime:
		return aka.Server{Accounts: accounts, Prime: kind == eap.TypeAKAPrime, Network: e.Network, PrimeToo: slices.Contains(e.Methods, eap.TypeAKAPrime)}
	case eap.TypeTLS, eap.TypeTTLS, eap.TypePEAP:
		if m, err := t.tlsServer(kind, c, e, accounts); err == nil {
			return m
		}
	}
	return nil
}
