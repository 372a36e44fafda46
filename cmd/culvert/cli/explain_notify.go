package cli

import (
	"strconv"
	"strings"

	"culvert/explain"
	"culvert/wire"
)

// A notification is an error of IKEv2 as it stands in logs of any implementation (RFC 7296, Section 3.10.1), and the codes that go with it.
type notification struct {
	number wire.NotifyType
	says   string
	codes  []explain.Code
}

// notifications are the registered errors, in the order of their numbers.
func notifications() []notification {
	return []notification{
		{wire.NotifyUnsupportedCriticalPayload, "A payload that the sender does not know is marked critical.", []explain.Code{explain.IKECriticalPayload}},
		{wire.NotifyInvalidIKESPI, "The sender has no such IKE SA; it may have restarted.", []explain.Code{explain.IKEPeerComplaint}},
		{wire.NotifyInvalidMajorVersion, "The sender does not speak this version of IKE.", []explain.Code{explain.IKEPeerRefused}},
		{wire.NotifyInvalidSyntax, "A message breaks the rules of the protocol.", []explain.Code{explain.IKEInvalidSyntax}},
		{wire.NotifyInvalidMessageID, "A message has a number that the sender did not expect.", []explain.Code{explain.IKEPeerComplaint}},
		{wire.NotifyInvalidSPI, "An ESP packet came for a Child SA that the sender does not have.", []explain.Code{explain.IKEPeerComplaint}},
		{wire.NotifyNoProposalChosen, "The two sides have no algorithms in common, or no connection is for the peer.",
			[]explain.Code{explain.IKENoProposal, explain.IKENoConnection, explain.IKEWeakGroup, explain.IKEPPKRequired}},
		{wire.NotifyInvalidKEPayload, "The sender wants another key exchange group, which it names. One such answer is usual.",
			[]explain.Code{explain.IKEKeyExchangeLoop, explain.IKENoProposal}},
		{wire.NotifyAuthenticationFailed, "The sender does not believe who the other side is, and says no more; its log does.",
			[]explain.Code{explain.IKEAuthPeerRejected, explain.IKEAuthFailed, explain.AuthPSKWrong, explain.AuthIDRefused, explain.AuthCertUntrusted}},
		{wire.NotifySinglePairRequired, "A Child SA may cover one pair of addresses only.", []explain.Code{explain.IKESinglePair}},
		{wire.NotifyNoAdditionalSAs, "The sender allows no more Child SAs on the IKE SA.", []explain.Code{explain.IKENoAdditionalSAs}},
		{wire.NotifyInternalAddressFailure, "There is no address for the client.", []explain.Code{explain.IKENoAddress}},
		{wire.NotifyFailedCPRequired, "The client has to ask for an address.", []explain.Code{explain.IKEAddressRequired}},
		{wire.NotifyTSUnacceptable, "The two sides do not agree on the traffic to protect.", []explain.Code{explain.IKETSUnacceptable}},
		{wire.NotifyInvalidSelectors, "An ESP packet has addresses that its Child SA is not for.", []explain.Code{explain.IKEPeerComplaint}},
		{wire.NotifyUnacceptableAddresses, "The sender refuses the addresses to which a client has moved (RFC 4555).", []explain.Code{explain.IKEPeerRefused}},
		{wire.NotifyUnexpectedNATDetected, "There is a NAT where the sender allows none (RFC 4555).", []explain.Code{explain.IKEPeerRefused}},
		{wire.NotifyUseAssignedHoA, "Mobile IPv6: the client has to use the home address that it was given (RFC 5026).", []explain.Code{explain.IKEPeerRefused}},
		{wire.NotifyTemporaryFailure, "The sender is in the middle of something else. The exchange is tried again by itself.", []explain.Code{explain.IKETemporaryFailure}},
		{wire.NotifyChildSANotFound, "The sender does not have the Child SA any more.", []explain.Code{explain.IKEChildNotFound}},
		{wire.NotifyInvalidGroupID, "The sender has no such group (RFC 9838).", []explain.Code{explain.IKEPeerRefused}},
		{wire.NotifyAuthorizationFailed, "The peer may not be a member of the group (RFC 9838).", []explain.Code{explain.IKEPeerRefused}},
		{wire.NotifyStateNotFound, "Additional key exchanges were not carried on in time (RFC 9370).", []explain.Code{explain.IKEStateNotFound}},
		{wire.NotifyTSMaxQueue, "The sender makes no more Child SAs of single processors (RFC 9611).", []explain.Code{explain.IKETooManyQueues}},
		{wire.NotifyRegistrationFailed, "The peer was not taken into the group (RFC 9838).", []explain.Code{explain.IKEPeerRefused}},
		{wire.NotifyMEConnectFailed, "strongSwan's mediation could not connect the two clients.", []explain.Code{explain.IKEPeerRefused}},
		{wire.NotifyInvalidCompressionAlgorithm, "The sender does not have the algorithm to compress with.", []explain.Code{explain.IKEPeerRefused}},
		{wire.NotifyMicrosoftStatus, "Windows gives a reason of its own, as a number.", []explain.Code{explain.IKEPeerRefused}},
	}
}

// spelled is a word as codes are written: in upper case, with dashes.
func spelled(word string) string {
	return strings.ToUpper(strings.NewReplacer("_", "-", " ", "-").Replace(strings.TrimSpace(word)))
}

// findNotification returns the error of IKEv2 with a name, or a number as in NOTIFY(14) and NOTIFY-14.
func findNotification(word string) (notification, bool) {
	word = spelled(word)
	number, numbered := strings.CutPrefix(strings.TrimRight(word, ")"), "NOTIFY")
	n, err := strconv.ParseUint(strings.TrimLeft(number, "-("), 10, 16)
	for _, known := range notifications() {
		if spelled(known.number.String()) == word || numbered && err == nil && known.number == wire.NotifyType(n) {
			return known, true
		}
	}
	return notification{}, false
}

// An explainedNotify is a notification with its codes, for programs.
type explainedNotify struct {
	Notify string          `json:"notify"`
	Number uint16          `json:"number"`
	Title  string          `json:"title"`
	Codes  []explain.Entry `json:"codes"`
}

// explainNotify tells what an error of IKEv2 says, and which codes tell more.
func (a *app) explainNotify(n notification) error {
	e := explainedNotify{Notify: n.number.String(), Number: uint16(n.number), Title: n.says}
	for _, code := range n.codes {
		if entry, ok := explain.Lookup(code); ok {
			e.Codes = append(e.Codes, entry)
		}
	}
	return a.show(e, func() {
		out := a.out()
		out.line("%s  notify %d of IKEv2", out.bold(e.Notify), int(e.Number))
		out.indented("", e.Title)
		out.line("")
		out.codes(e.Codes)
		out.line("")
		out.indented("", "`culvert explain CODE` tells cause and action; `culvert explain CONNECTION` which of them it is.")
	})
}
