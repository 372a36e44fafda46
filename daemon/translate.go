package daemon

import (
	"crypto"
	"crypto/x509"
	"slices"
	"time"

	"culvert/auth"
	"culvert/auth/chain"
	"culvert/auth/fetch"
	"culvert/auth/lookup"
	"culvert/auth/revocation"
	"culvert/config"
	"culvert/ike"
	"culvert/suite"
)

// A translator turns the configuration's model into the engine's.
type translator struct {
	config  *config.Config
	port    uint16 // on which we listen
	fetcher fetch.Fetcher
	answers *revocation.Cache // of revocation, for all connections
	lookups *lookup.Service
	proxies *radiusGroups
	sims    *sims
	servers []eapServer // that were made
}

// Connections turns the connections of a configuration into those of the engine, in order. port is the one on which we listen; with
// adds what they use of a daemon. Without, nothing is looked up on the network and no RADIUS server is asked.
func Connections(cfg *config.Config, port uint16, with ...func(*translator)) []*ike.Connection {
	t := &translator{config: cfg, port: port}
	for _, add := range with {
		add(t)
	}
	return t.connections()
}

// equip adds what connections use of the daemon.
func (d *Daemon) equip(t *translator) {
	t.fetcher, t.answers, t.lookups, t.proxies, t.sims = d.fetcher, d.answers, d.lookups, d.engine.radius, d.world.sims
}

// connections translates all connections, in order.
func (t *translator) connections() []*ike.Connection {
	list := make([]*ike.Connection, len(t.config.Connections))
	for i, c := range t.config.Connections {
		list[i] = t.connection(c)
	}
	return list
}

func (t *translator) connection(c *config.Connection) *ike.Connection {
	secrets := t.config.PSKs(c)
	return &ike.Connection{
		Name:            c.Name,
		LocalAddrs:      c.Local.Addresses,
		RemoteAddrs:     c.Remote.Prefixes(),
		RemoteNames:     c.Remote.Names(),
		LocalPort:       t.localPort(c),
		RemotePort:      c.Remote.Port,
		LocalAuth:       t.localRounds(c, secrets),
		RemoteAuth:      t.remoteRounds(c, secrets),
		Proposals:       suite.WithPostQuantum(c.Proposals, proposed(c)),
		PostQuantum:     c.PostQuantum,
		PPKs:            t.config.PPKsOf(c),
		PPKRequired:     c.PPKRequired,
		PPKExchange:     c.PPKExchange,
		AllowDowngrade:  !c.DowngradePrevention,
		Children:        children(c),
		Fragmentation:   c.Fragmentation,
		FragmentSize:    c.FragmentSize,
		Childless:       c.Childless,
		WindowSize:      c.WindowSize,
		ForceEncap:      c.ForceEncap,
		AlwaysNATPort:   c.AlwaysNATPort,
		NoPathProbes:    !c.PathProbes,
		Transport:       c.Transport,
		TCPPort:         c.Remote.TCPPort,
		Unique:          c.Unique,
		InitialContact:  c.InitialContact,
		SendCertReq:     c.SendCertReq,
		AnnounceAuth:    c.AnnounceAuth,
		VirtualIPs:      c.VirtualIPs,
		Pools:           c.Pools,
		DNS:             c.RequestDNS,
		Lifetime:        ike.Lifetime{Rekey: c.RekeyTime, Jitter: c.RandTime, Hard: hardLimit(c)},
		ReauthTime:      c.ReauthTime,
		AuthLifetime:    c.AuthLifetime,
		AuthGrace:       c.AuthGrace,
		DPDDelay:        c.DPDDelay,
		Keepalive:       c.Keepalive,
		Retransmit:      t.retransmit(),
		Reconnect:       ike.Reconnect{KeepUp: c.KeepUp, Tries: c.Tries, Endless: c.Tries == 0, Delay: c.RetryDelay, MaxDelay: c.RetryMaxDelay},
		Limits:          ike.ConnectionLimits{Children: c.MaxChildren},
		DSCP:            c.DSCP,
		IfIDIn:          c.IfIDIn,
		IfIDOut:         c.IfIDOut,
		FollowRedirects: c.Redirect.Follow,
		RedirectTo:      ike.RedirectTo{Gateway: c.Redirect.To, Late: c.Redirect.Late, Wait: c.Redirect.Wait},
	}
}

// proposed is what a connection demands of its proposals. Where a PPK may do in place of a key exchange, the engine judges the
// whole.
func proposed(c *config.Connection) suite.PostQuantum {
	if c.PostQuantum == suite.PostQuantumRequire && len(c.PPKNames) > 0 && c.PPKExchange != ike.PPKAuth {
		return suite.PostQuantumPrefer
	}
	return c.PostQuantum
}

// childMode is what a mode means for children. Their keys come from those of the IKE SA, so that none has to be refused.
func childMode(m suite.PostQuantum) suite.PostQuantum {
	if m == suite.PostQuantumOff {
		return m
	}
	return suite.PostQuantumPrefer
}

func (t *translator) localPort(c *config.Connection) uint16 {
	if c.Local.Port != 0 {
		return c.Local.Port
	}
	return t.port
}

func (t *translator) retransmit() ike.Retransmit {
	r := t.config.Daemon.Retransmit
	return ike.Retransmit{Timeout: r.Timeout, Base: r.Base, Max: r.Max, Jitter: r.Jitter, Tries: r.Tries}
}

// hardLimit is the age at which the IKE SA ends when neither rekeying nor reauthentication renewed it.
func hardLimit(c *config.Connection) time.Duration {
	if longest := max(c.RekeyTime, c.ReauthTime); longest > 0 {
		return longest + c.OverTime
	}
	return 0
}

func (t *translator) localRounds(c *config.Connection, secrets *auth.Secrets) (list []auth.Local) {
	for _, round := range c.Local.Rounds() {
		list = append(list, t.localAuth(c, round, secrets))
	}
	return list
}

func (t *translator) remoteRounds(c *config.Connection, secrets *auth.Secrets) (list []auth.Remote) {
	for _, round := range c.Remote.Rounds() {
		list = append(list, t.remoteAuth(c, round, secrets))
	}
	return list
}

// localAuth translates a round of ours. The authorities that are trusted of the peer may have issued our certificate, too.
func (t *translator) localAuth(c *config.Connection, l *config.LocalRound, secrets *auth.Secrets) auth.Local {
	round := auth.Local{ID: l.ID, Method: l.Auth, Schemes: l.Schemes, AllowSHA1: l.AllowSHA1, SendCert: l.SendCertificate, EAPOnly: l.EAPOnly}
	if l.Auth == auth.MethodPSK {
		round.Secrets = secrets
	}
	if l.EAP.Present() {
		round.EAP, round.EAPKeyless = t.eapClient(c, &l.EAP), l.EAP.Keyless
	}
	for _, own := range l.Credentials() {
		round.Credentials = append(round.Credentials, auth.Credential{Key: own.Key.Key, Chain: certificates(own.Certificates), URLs: t.certificateURLs(own), BundleURL: own.BundleURL})
	}
	if len(round.Credentials) > 0 {
		round.Issuers = slices.Concat(certificates(c.Remote.CAs), certificates(c.Remote.Intermediates), t.authorities())
	}
	if l.ShowOCSP && len(round.Issuers) > 0 {
		round.OCSP = revocation.NewChecker(t.fetcher, revocation.Options{Cache: t.answers, Places: t.places()})
	}
	return round
}

// authorities are those that have blocks of their own.
func (t *translator) authorities() (list []*x509.Certificate) {
	for _, a := range t.config.Authorities {
		list = append(list, certificates(a.CA)...)
	}
	return list
}

func (t *translator) remoteAuth(c *config.Connection, r *config.RemoteRound, secrets *auth.Secrets) auth.Remote {
	round := auth.Remote{
		ID: r.ID, Method: r.Auth,
		Pinned:      certificates(r.Pinned),
		RawKeys:     publicKeys(r.PublicKeys),
		Signatures:  suite.SignaturePolicy{Schemes: acceptedSchemes(r), MinRSABits: r.MinRSABits},
		ExtKeyUsage: r.ExtKeyUsage,
		Policies:    r.Policies,
		EveryPolicy: r.EveryPolicy,
		Demands:     chain.Demands{Keys: r.ChainKeys, Signatures: r.ChainSigned},
		WildcardSAN: r.WildcardSAN,
		Revocation:  r.Revocation,
		OCSP:        r.OCSP.Response,
		Responders:  certificates(r.OCSP.Responders),
		EAPOnly:     r.EAPOnly,
		Groups:      r.Groups,
	}
	trust(&round, r.Authorities)
	if len(r.Hosts) > 0 {
		round.Lookup = t.lookups.For(r.Hosts)
	}
	if r.EAP.Present() {
		round.EAP, round.EAPIdentity, round.EAPKeyless = t.eapServer(c, &r.EAP), r.EAP.Identity, r.EAP.Keyless
	}
	switch {
	case r.Auth == auth.MethodPSK:
		round.Secrets = secrets
	case r.Revocation != revocation.Off:
		round.RevocationInfo = revocation.NewChecker(t.fetcher, t.revocationOptions(r))
	}
	return round
}

// trust has a peer be judged by authorities, the same way in IKE and in EAP over TLS.
func trust(round *auth.Remote, a config.Authorities) {
	round.Anchors, round.Via, round.ViaID = certificates(a.CAs), certificates(a.Via), a.ViaID
	round.Intermediates = slices.Concat(certificates(a.Intermediates), round.Via)
}

func (t *translator) revocationOptions(r *config.RemoteRound) revocation.Options {
	return revocation.Options{
		CRLs:        revocationLists(r.CRLs),
		Responders:  certificates(r.OCSP.Responders),
		Places:      t.places(),
		Nonce:       r.OCSP.Nonce,
		MaxAge:      r.OCSP.MaxAge,
		DemandShown: r.OCSP.Response == auth.OCSPRequire,
		Cache:       t.answers,
	}
}

// acceptedSchemes adds RSA with SHA-1 where it is allowed.
func acceptedSchemes(r *config.RemoteRound) []suite.Scheme {
	if !r.AllowSHA1 {
		return r.Schemes
	}
	schemes := r.Schemes
	if len(schemes) == 0 {
		schemes = suite.DefaultSchemes()
	}
	return append(slices.Clone(schemes), suite.SchemeRSASHA1)
}

func certificates(files []config.CertificateFile) (list []*x509.Certificate) {
	for _, f := range files {
		list = append(list, f.Certificates...)
	}
	return list
}

func publicKeys(files []config.PublicKeyFile) (list []crypto.PublicKey) {
	for _, f := range files {
		list = append(list, f.Key)
	}
	return list
}

func revocationLists(files []config.CRLFile) (list []*x509.RevocationList) {
	for _, f := range files {
		list = append(list, f.Lists...)
	}
	return list
}

func children(c *config.Connection) []*ike.ChildConfig {
	list := make([]*ike.ChildConfig, len(c.Children))
	for i, child := range c.Children {
		list[i] = childConfig(child)
		if c.Remote.Auth == auth.MethodNULL {
			list[i].Priority += anonymousRank
		}
		list[i].Proposals = suite.WithPostQuantum(child.Proposals, childMode(c.PostQuantum))
	}
	return list
}

// anonymousRank is below the priorities of all that may be configured: traffic of those who prove who they are goes first
// (RFC 7619, Section 3.3).
const anonymousRank = -2_000_000

func childConfig(c *config.Child) *ike.ChildConfig {
	return &ike.ChildConfig{
		Name:              c.Name,
		Local:             c.Local,
		Remote:            c.Remote,
		Proposals:         c.Proposals,
		Mode:              c.Mode,
		Lifetime:          ike.Lifetime{Rekey: c.RekeyTime, Jitter: c.RandTime, Hard: c.LifeTime},
		SoftBytes:         c.Bytes.Rekey,
		HardBytes:         c.Bytes.Life,
		JitterBytes:       c.Bytes.Rand,
		SoftPackets:       c.Packets.Rekey,
		HardPackets:       c.Packets.Life,
		JitterPackets:     c.Packets.Rand,
		PerResource:       c.PerCPU,
		SinglePair:        c.SinglePair,
		NonFirstFragments: c.NonFirstFragments,
		DraftSHA256:       c.DraftSHA256,
		ReplayWindow:      c.ReplayWindow,
		TFC:               c.TFC,
		Cover:             c.Cover,
		AggFrag:           aggFrag(&c.IPTFS),
		CopyDSCP:          c.CopyDSCP,
		NoECN:             !c.CopyECN,
		ReqID:             c.ReqID,
		Inactivity:        c.Inactivity,
		Kernel:            c.Kernel,
		DF:                c.DF,
		Priority:          c.Priority,
		Start:             c.Start,
		OnClose:           c.OnClose,
		OnDead:            c.DPDAction,
		Block:             c.Block,
		Groups:            c.Groups,
		Updown:            c.Updown,
		HostAccess:        c.HostAccess,
	}
}
