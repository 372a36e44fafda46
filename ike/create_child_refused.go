package ike

import (
	"culvert/explain"
	"culvert/wire"
)

// refused handles an error notify in the answer to our request for a Child SA. None of them ends the IKE SA (RFC 7296,
// Section 1.3.1). What a rekeying was for may be done by now, by the peer (RFC 7296, Section 2.8.1).
func (t *createChild) refused(sa *SA, n *wire.Notify) {
	t.end(sa)
	if t.old != nil && (t.rivalled(sa) || !sa.has(t.old)) {
		return // the peer has rekeyed or deleted it; its error is news of that
	}
	if sa.pending(t.rivals) && !t.unwanted {
		return // the peer is rekeying it
	}
	switch {
	case n.NotifyType == wire.NotifyInvalidKEPayload:
		t.retryMethod(sa, n)
	case n.NotifyType == wire.NotifyInvalidSyntax && len(t.tried) > 0 && t.untried(sa) != wire.KENone:
		t.method = t.untried(sa)
		sa.enqueue(t)
	case n.NotifyType == wire.NotifyTemporaryFailure && !t.unwanted:
		sa.retryIn(t, &t.patience)
	case n.NotifyType == wire.NotifyStateNotFound && !t.unwanted:
		sa.startOver(t, &t.patience)
	case n.NotifyType == wire.NotifySinglePairRequired && t.trigger != nil && !t.pair:
		t.pair = true
		sa.enqueue(t)
	case n.NotifyType == wire.NotifyChildSANotFound && t.old != nil:
		t.lost(sa)
	case n.NotifyType == wire.NotifyMicrosoftStatus && t.old != nil:
		t.leave(sa, n)
	case n.NotifyType == wire.NotifyNoAdditionalSAs && t.old != nil:
		sa.askReauth() // the only way to new keys that is left (RFC 7296, Section 2.8)
		t.failed(sa, sa.refusal(t.config.Name, n))
	default:
		t.failed(sa, sa.refusal(t.config.Name, n))
	}
}

// retryMethod repeats the request with the key exchange that the peer wants (RFC 7296, Section 1.3).
func (t *createChild) retryMethod(sa *SA, n *wire.Notify) {
	method, err := methodFrom(n, t.offer.proposals, t.tried)
	if err != nil {
		t.failed(sa, err)
		return
	}
	t.method = method
	sa.enqueue(t)
}

// lost deletes, without a word to the peer, a child that the peer does not have any more, and asks for a new one from
// scratch (RFC 7296, Section 2.25).
func (t *createChild) lost(sa *SA) {
	config, again := t.old.config, !t.old.forResource()
	sa.dropChild(t.old, refuse(explain.IKEChildNotFound, wire.NotifyChildSANotFound, "the peer has lost child %q", config.Name))
	if again {
		sa.enqueue(&createChild{config: sa.childConfig(config)})
	}
}

// leave keeps a child that the peer rekeys by itself and only by itself, as Windows does: asking again is in vain. The end of its
// lifetime, if it has one, still counts.
func (t *createChild) leave(sa *SA, n *wire.Notify) {
	t.old.rekeyFails = true
	t.report(sa, refuse(explain.IKEPeerRekeys, n.NotifyType, "peer does not let us rekey child %q (status %x); we keep it and leave rekeying to the peer: set peer_type = \"windows\" or rekey_time = \"0s\"",
		t.config.Name, n.Data[:min(len(n.Data), 16)]))
}

// refusal explains an error notify about a child.
func (sa *SA) refusal(name string, n *wire.Notify) *Failure {
	switch n.NotifyType {
	case wire.NotifyNoProposalChosen:
		c := sa.childConfig(&ChildConfig{Name: name})
		return refuse(explain.IKENoProposal, n.NotifyType, "peer accepts none of the ESP proposals of child %q, which are %s",
			name, proposalStrings(c.Proposals))
	case wire.NotifyTSUnacceptable:
		c := sa.childConfig(&ChildConfig{Name: name})
		return refuse(explain.IKETSUnacceptable, n.NotifyType, "peer has no policy for the traffic of child %q, which is %s === %s",
			name, selectorStrings(expand(c.Local, sa.localAddrs())), selectorStrings(expand(c.Remote, sa.remoteAddrs())))
	case wire.NotifySinglePairRequired:
		return refuse(explain.IKESinglePair, n.NotifyType,
			"peer wants a Child SA of its own for each pair of addresses of child %q", name)
	case wire.NotifyTSMaxQueue:
		return refuse(explain.IKETooManyQueues, n.NotifyType, "peer makes no more Child SAs for the traffic of child %q", name)
	case wire.NotifyNoAdditionalSAs:
		return refuse(explain.IKENoAdditionalSAs, n.NotifyType, "peer accepts no more Child SAs, such as child %q, on this IKE SA", name)
	case wire.NotifyInternalAddressFailure:
		return refuse(explain.IKENoAddress, n.NotifyType, "peer has no address for us, so child %q does not come up", name)
	case wire.NotifyFailedCPRequired:
		return refuse(explain.IKEAddressRequired, n.NotifyType, "peer wants us to ask for an address for child %q", name)
	}
	return refuse(explain.IKEPeerRefused, n.NotifyType, "peer refuses child %q", name)
}
