package daemon

import (
	"culvert/api"
	"culvert/dataplane"
	"culvert/explain"
	"culvert/ike"
	"culvert/vici/service"
	"culvert/wire"
)

// last is what was known of SAs and policies that were removed since the shard began with what it is doing. News of a child that is
// gone tell it.
type last struct {
	carried map[childKey]dataplane.Counters
	reqids  map[dataplane.PolicyID]uint32
	gone    []ike.News // children that have gone with their IKE SA, of which nobody was told yet
}

// newLast keeps what anybody could ask for.
func (e *engine) newLast() last {
	if e.vici == nil {
		return last{}
	}
	return last{carried: make(map[childKey]dataplane.Counters), reqids: make(map[dataplane.PolicyID]uint32)}
}

func (m last) keep(a ike.RemoveSA, carried dataplane.Counters) {
	if m.carried != nil {
		m.carried[childKey{a.Direction, a.SPI}] = carried
	}
}

// keepReqid is called before the data plane forgets the policy.
func (m last) keepReqid(e *engine, id dataplane.PolicyID) {
	if m.reqids != nil {
		m.reqids[id] = e.reqid(id, 0)
	}
}

func (m last) forget() {
	clear(m.carried)
	clear(m.reqids)
}

// tellVICI tells news to the clients of VICI that listen, in charon's order: of an IKE SA that goes before its children.
func (l *shardLoop) tellVICI(n ike.News) {
	switch {
	case l.engine.vici == nil || n.Status == nil && n.Failure == nil:
	case n.Kind == ike.NewsChildDown && n.Ending:
		l.last.gone = append(l.last.gone, n)
	case n.Kind == ike.NewsClosed:
		l.tellListeners(n)
		l.tellGone(n.SA)
	default:
		l.tellGone(0)
		l.tellListeners(n)
	}
}

// tellGone tells of the children that have gone with their IKE SA, which has closed.
func (l *shardLoop) tellGone(closed wire.SPI) {
	for _, n := range l.last.gone {
		if n.SA == closed && n.Status != nil {
			s := *n.Status
			s.State = ike.StateClosing
			n.Status = &s
		}
		l.tellListeners(n)
	}
	clear(l.last.gone)
	l.last.gone = l.last.gone[:0]
}

func (l *shardLoop) tellListeners(n ike.News) {
	v := l.engine.vici
	if kind := alertOf(n); kind != "" && v.Listened(service.EventAlert) {
		l.alert(v, kind, n)
	}
	if n.Status == nil {
		return
	}
	switch n.Kind {
	case ike.NewsEstablished, ike.NewsClosed:
		// One that never was up does not go down.
		if v.Listened(service.EventIKEUpDown) && !n.Status.Established.IsZero() {
			v.IKEUpDown(l.passing(n), n.Kind == ike.NewsEstablished)
		}
	case ike.NewsRekeyed:
		if v.Listened(service.EventIKERekey) && n.NextStatus != nil {
			v.IKERekey(l.shown(n.Status), l.shown(n.NextStatus))
		}
	case ike.NewsAddress:
		if v.Listened(service.EventIKEUpdate) {
			v.IKEUpdate(l.shown(n.Status), api.Endpoint{Address: n.Path.Local.String()}, api.Endpoint{Address: n.Path.Remote.String()})
		}
	case ike.NewsChildUp, ike.NewsChildDown:
		if v.Listened(service.EventChildUpDown) {
			v.ChildUpDown(l.shown(n.Status), l.shownChild(n, n.Child), n.Kind == ike.NewsChildUp)
		}
	case ike.NewsChildRekeyed:
		if v.Listened(service.EventChildRekey) && n.Former != nil {
			v.ChildRekey(l.shown(n.Status), l.shownChild(n, n.Former), l.shownChild(n, n.Child))
		}
	}
}

// shown is an IKE SA without its children.
func (l *shardLoop) shown(s *ike.SAStatus) api.SA {
	bare := *s
	bare.Children = nil
	return l.engine.view(new(totals)).sa(&bare)
}

// passing is an IKE SA that has come up or gone. One that has gone is established no more, whoever has ended it.
func (l *shardLoop) passing(n ike.News) api.SA {
	sa := l.shown(n.Status)
	if n.Kind == ike.NewsClosed {
		sa.State = api.SAClosing
	}
	return sa
}

// shownChild is a child of the IKE SA that news are about, with what it has carried.
func (l *shardLoop) shownChild(n ike.News, c *ike.ChildInfo) api.Child {
	child := l.engine.view(new(totals)).child(c, n.Status.ESP)
	if n.Kind == ike.NewsChildDown {
		child.State = api.ChildDeleting
	}
	if reqid, gone := l.last.reqids[c.Policy]; gone && c.ReqID == 0 {
		child.Reqid = reqid
	}
	for direction, t := range map[dataplane.Direction]*api.Traffic{dataplane.Inbound: &child.In, dataplane.Outbound: &child.Out} {
		spi := c.InSPI
		if direction == dataplane.Outbound {
			spi = c.OutSPI
		}
		if counters, ok := l.last.carried[childKey{direction, spi}]; ok {
			t.Bytes, t.Packets = counters.Bytes, counters.Packets
		}
	}
	return child
}

func (l *shardLoop) alert(v *service.Service, kind string, n ike.News) {
	if n.Status == nil {
		v.Alert(kind, nil)
		return
	}
	sa := l.shown(n.Status)
	v.Alert(kind, &sa)
}

// alertOf is what strongSwan calls a failure; empty: it has no word for it.
func alertOf(n ike.News) string {
	f := n.Failure
	if f == nil {
		return ""
	}
	switch f.Code {
	case explain.IKENoProposal, explain.IKEWeakGroup, explain.IKEBadProposal:
		if n.Kind == ike.NewsClosed {
			return "proposal-mismatch-ike"
		}
		return "proposal-mismatch-child"
	case explain.IKETSUnacceptable, explain.IKESinglePair:
		return "ts-mismatch"
	case explain.IKETimeout, explain.IKEUDPSilent:
		return "retransmit-send-timeout"
	case explain.IKEHalfOpen:
		return "half-open-timeout"
	case explain.IKEPeerUnresolved, explain.IKENoPeerAddress:
		return "peer-addr-failed"
	case explain.IKENoRoute:
		return "peer-init-unreachable"
	case explain.IKEAuthPeerRejected, explain.AuthNoCredential, explain.AuthSigning:
		return "local-auth-failed"
	case explain.IKENotUnique:
		return "unique-keep"
	case explain.IKENoAddress, explain.IKEAddressRequired:
		return "vip-failure"
	case explain.IKEDataPlane:
		return "install-child-sa-failed"
	case explain.IKELifetime:
		return "ike-sa-expired"
	case explain.IKEInvalidSyntax, explain.IKECriticalPayload:
		return "parse-error-body"
	}
	return authenticationAlert(f.Code)
}

// authenticationAlert is the alert about a peer that was not authenticated.
func authenticationAlert(code explain.Code) string {
	switch code {
	case explain.AuthCertExpired, explain.AuthCertNotYetValid:
		return "cert-expired"
	case explain.AuthCertRevoked:
		return "cert-revoked"
	case explain.AuthRevocationUnknown:
		return "cert-validation-failed"
	case explain.AuthCertUntrusted:
		return "cert-no-issuer"
	case explain.AuthCertPolicy:
		return "cert-policy-violation"
	case explain.AuthGroup:
		return "authorization-failed"
	case explain.IKEAuthFailed, explain.AuthIDMismatch, explain.AuthPSKUnknown, explain.AuthPSKWrong, explain.AuthSignature, explain.AuthSignatureScheme,
		explain.AuthCertMissing, explain.AuthCertMalformed, explain.AuthCertKey, explain.AuthCertUsage, explain.AuthCertConstraint, explain.AuthCertStrength, explain.AuthMethodRefused,
		explain.AuthRawKeyUnknown, explain.AuthRounds, explain.EAPRejected, explain.EAPPassword, explain.EAPUserUnknown:
		return "peer-auth-failed"
	}
	return ""
}
