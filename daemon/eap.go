package daemon

import (
	"time"

	"culvert/config"
	"culvert/eap"
	"culvert/eap/gtc"
	"culvert/eap/md5"
	"culvert/eap/mschapv2"
)

// eapClient is how we authenticate by EAP.
func eapClient(e *config.LocalEAP) eap.Client {
	peer := &eap.Peer{Identity: e.Identity}
	for _, t := range e.Methods {
		if m := eapClientMethod(t, e); m != nil {
			peer.Methods = append(peer.Methods, m)
		}
	}
	return peer
}

// eapClientMethod is one method of ours with what it needs.
func eapClientMethod(t eap.Type, e *config.LocalEAP) eap.Method {
	password := eap.Stored(e.Password)
	switch t {
	case eap.TypeMSCHAPv2:
		return mschapv2.Client{Password: password}
	case eap.TypeMD5Challenge:
		return md5.Client{Password: password}
	case eap.TypeGTC:
		return gtc.Client{Password: password, Bare: true}
	}
	return nil
}

// eapServer is how we authenticate a peer by EAP, or who does.
func (t *translator) eapServer(e *config.RemoteEAP) eap.Server {
	if e.RADIUS != "" {
		return t.proxies.proxy(e.RADIUS, e.AskIdentity)
	}
	accounts := t.config.UsersOf(e.Users).Table(time.Now)
	server := &eap.Authenticator{AskIdentity: e.AskIdentity}
	for _, kind := range e.Methods {
		if m := eapServerMethod(kind, accounts); m != nil {
			server.Methods = append(server.Methods, m)
		}
	}
	return server
}

// eapServerMethod is one method that we offer.
func eapServerMethod(t eap.Type, accounts eap.Accounts) eap.Method {
	switch t {
	case eap.TypeMSCHAPv2:
		return mschapv2.Server{Accounts: accounts}
	case eap.TypeMD5Challenge:
		return md5.Server{Accounts: accounts}
	case eap.TypeGTC:
		return gtc.Server{Accounts: accounts, Bare: true}
	}
	return nil
}
