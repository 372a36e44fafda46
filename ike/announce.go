package ike

import (
	"culvert/auth"
	"culvert/wire"
)

// maxInitAnnouncement is how much of SUPPORTED_AUTH_METHODS goes into an IKE_SA_INIT response, so that it stays below what a
// path carries in one piece; more is left for IKE_INTERMEDIATE, which can be fragmented (RFC 9593, Section 3.1).
const maxInitAnnouncement = 512

// announceAuth are the SUPPORTED_AUTH_METHODS notifies for the peer, one for each of its rounds (RFC 9593, Sections 3.1 and 4).
func (sa *SA) announceAuth() []wire.Payload {
	if !sa.conn.AnnounceAuth {
		return nil
	}
	var list []wire.Payload
	for _, data := range auth.Announcements(sa.remoteRounds()...) {
		list = append(list, &wire.Notify{NotifyType: wire.NotifySupportedAuthMethods, Data: data})
	}
	return list
}

// remoteRounds are all that the connection demands.
func (sa *SA) remoteRounds() []*auth.Remote {
	var rounds []*auth.Remote
	for i := range sa.conn.RemoteAuth {
		rounds = append(rounds, &sa.conn.RemoteAuth[i])
	}
	return rounds
}

// announceInInit is what the responder announces in IKE_SA_INIT. When that is long and an IKE_INTERMEDIATE exchange is to come
// an empty notify says that the list comes there (RFC 9593, Section 3.1).
func (sa *SA) announceInInit() []wire.Payload {
	list := sa.announceAuth()
	if len(sa.initial.additional) == 0 || len(wire.AppendPayloads(nil, list)) <= maxInitAnnouncement {
		return list
	}
	sa.initial.announceLater = true
	return []wire.Payload{&wire.Notify{NotifyType: wire.NotifySupportedAuthMethods}}
}

// announceInIntermediate is the list that was left for IKE_INTERMEDIATE, with the CERTREQ payloads that it refers to.
func (sa *SA) announceInIntermediate() []wire.Payload {
	if !sa.initial.announceLater {
		return nil
	}
	sa.initial.announceLater = false
	return append(sa.certReqs(), sa.announceAuth()...)
}

// learnAnnounced takes in what the peer accepts of us, of which an empty notify says nothing yet.
func (sa *SA) learnAnnounced(payloads []wire.Payload) {
	notifies(payloads, wire.NotifySupportedAuthMethods, func(n *wire.Notify) {
		if list := auth.ParseAnnouncements(n.Data); len(list) > 0 && len(sa.initial.announced) < maxWindow {
			sa.initial.announced = append(sa.initial.announced, list)
		}
	})
}

// announcedFor is what the peer accepts in a round of ours: its own list, or all as one when there is not one for each
// (RFC 9593, Sections 3.1 and 4).
func (sa *SA) announcedFor(round int) []auth.Announcement {
	lists := sa.initial.announced
	if len(lists) == len(sa.conn.LocalAuth) && round < len(lists) {
		return lists[round]
	}
	var all []auth.Announcement
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}
