package explain

import (
	"slices"
	"strings"
	"unicode"
)

// Codes of the kernel's counters of ESP (/proc/net/xfrm_stat): XFRM-IN-NO-STATES is XfrmInNoStates there, and xfrm_in_no_states
// among the counters of `culvert status --json`.
const (
	XfrmInError             Code = "XFRM-IN-ERROR"
	XfrmInBufferError       Code = "XFRM-IN-BUFFER-ERROR"
	XfrmInHdrError          Code = "XFRM-IN-HDR-ERROR"
	XfrmInNoStates          Code = "XFRM-IN-NO-STATES"
	XfrmInStateProtoError   Code = "XFRM-IN-STATE-PROTO-ERROR"
	XfrmInStateModeError    Code = "XFRM-IN-STATE-MODE-ERROR"
	XfrmInStateSeqError     Code = "XFRM-IN-STATE-SEQ-ERROR"
	XfrmInStateExpired      Code = "XFRM-IN-STATE-EXPIRED"
	XfrmInStateMismatch     Code = "XFRM-IN-STATE-MISMATCH"
	XfrmInStateInvalid      Code = "XFRM-IN-STATE-INVALID"
	XfrmInTmplMismatch      Code = "XFRM-IN-TMPL-MISMATCH"
	XfrmInNoPols            Code = "XFRM-IN-NO-POLS"
	XfrmInPolBlock          Code = "XFRM-IN-POL-BLOCK"
	XfrmInPolError          Code = "XFRM-IN-POL-ERROR"
	XfrmOutError            Code = "XFRM-OUT-ERROR"
	XfrmOutBundleGenError   Code = "XFRM-OUT-BUNDLE-GEN-ERROR"
	XfrmOutBundleCheckError Code = "XFRM-OUT-BUNDLE-CHECK-ERROR"
	XfrmOutNoStates         Code = "XFRM-OUT-NO-STATES"
	XfrmOutStateProtoError  Code = "XFRM-OUT-STATE-PROTO-ERROR"
	XfrmOutStateModeError   Code = "XFRM-OUT-STATE-MODE-ERROR"
	XfrmOutStateSeqError    Code = "XFRM-OUT-STATE-SEQ-ERROR"
	XfrmOutStateExpired     Code = "XFRM-OUT-STATE-EXPIRED"
	XfrmOutPolBlock         Code = "XFRM-OUT-POL-BLOCK"
	XfrmOutPolDead          Code = "XFRM-OUT-POL-DEAD"
	XfrmOutPolError         Code = "XFRM-OUT-POL-ERROR"
	XfrmFwdHdrError         Code = "XFRM-FWD-HDR-ERROR"
	XfrmOutStateInvalid     Code = "XFRM-OUT-STATE-INVALID"
	XfrmAcquireError        Code = "XFRM-ACQUIRE-ERROR"
	XfrmOutStateDirError    Code = "XFRM-OUT-STATE-DIR-ERROR"
	XfrmInStateDirError     Code = "XFRM-IN-STATE-DIR-ERROR"
	XfrmInIptfsError        Code = "XFRM-IN-IPTFS-ERROR"
	XfrmOutNoQueueSpace     Code = "XFRM-OUT-NO-QUEUE-SPACE"
)

// kernelEntries say in words what the kernel counts.
func kernelEntries() []Entry { return slices.Concat(arrivingEntries(), leavingEntries()) }

// arrivingEntries are about packets that arrive.
func arrivingEntries() []Entry {
	return []Entry{
		{XfrmInError, "An arriving ESP packet was lost for a reason that has no counter of its own.",
			"The kernel could not handle it, as a rule for lack of a module.",
			"Look at the other counters and at `dmesg`."},
		{XfrmInBufferError, "The kernel had no memory for an arriving packet.",
			"The host is short of memory.",
			"Give the host more memory, or fewer tunnels."},
		{XfrmInHdrError, "An arriving ESP packet has a header that makes no sense.",
			"The packet was cut or damaged on its way, or it is none of ESP.",
			"Look for devices between the peers that change packets; a packet capture shows them."},
		{XfrmInNoStates, "An ESP packet arrived whose SPI nobody knows.",
			"The peer sends with an SA that is gone here: after a restart, or late packets after a rekeying. Strangers can send such packets, too.",
			"A few are harmless. When they go on, `culvert down` and `culvert up` on either side make new SAs."},
		{XfrmInStateProtoError, "An arriving packet failed its SA's checks: as a rule its authentication.",
			"The packet was changed on its way, the keys differ, or one side alone cuts HMAC-SHA-256 to 96 bits (sha256_96).",
			"If no packet arrives at all and integrity is HMAC-SHA-256, change sha256_96 of the child or the peer. Else look for devices that change packets. With NAT, force encapsulation (encap)."},
		{XfrmInStateModeError, "An arriving packet has another mode than its SA.",
			"One side has tunnel mode and the other transport mode.",
			"Compare mode on both sides."},
		{XfrmInStateSeqError, "An arriving packet was dropped as a replay, or as too old for the window.",
			"The network repeats or reorders packets, or somebody replays them.",
			"If the network reorders, raise replay_window of the child."},
		{XfrmInStateExpired, "A packet arrived for an SA that has reached its limits.",
			"The SA was not rekeyed in time.",
			"Look in the log why rekeying failed; lower rekey_bytes or rekey_packets."},
		{XfrmInStateMismatch, "A packet came out of an SA whose selectors it does not match.",
			"The peer sends what was not negotiated, or the encapsulation differs from what was agreed.",
			"Compare local and remote of the child on both sides."},
		{XfrmInStateInvalid, "A packet arrived for an SA that is not ready.",
			"The SA is being made or removed at this moment.",
			"A few are harmless."},
		{XfrmInTmplMismatch, "A packet arrived that its policy does not take: in clear text, or out of another SA.",
			"Somebody sends unprotected what is to be protected, or the peer uses another child for it.",
			"A capture on the interface shows whether it is clear text. Otherwise compare the children of both sides."},
		{XfrmInNoPols, "A packet came out of an SA and no policy wants it.",
			"The peer sends addresses beyond the selectors, or a policy is missing.",
			"Compare local and remote of the child with the packet's addresses."},
		{XfrmInPolBlock, "A policy discards an arriving packet.",
			"A policy of the configuration says so.",
			"Nothing, if that is what the policy is for."},
		{XfrmInPolError, "A policy for an arriving packet could not be applied.",
			"The host is short of memory, or a policy has too many layers.",
			"Look at `dmesg`."},
	}
}

// leavingEntries are about packets that leave, and what the kernel has come to count behind them, in its order.
func leavingEntries() []Entry {
	return []Entry{
		{XfrmOutError, "A packet could not be sent for a reason that has no counter of its own.",
			"The kernel could not handle it.",
			"Look at the other counters and at `dmesg`."},
		{XfrmOutBundleGenError, "No way was found for a packet that is to be protected.",
			"There is no route to the peer, or the host is short of memory.",
			"`ip route get PEER` shows whether there is a route."},
		{XfrmOutBundleCheckError, "The way of a protected packet became invalid while it was used.",
			"SAs or routes have changed at that moment.",
			"A few are harmless."},
		{XfrmOutNoStates, "A packet is to be protected and there is no SA.",
			"The child is down, or not up yet.",
			"`culvert status` shows the child; `culvert up` brings it up."},
		{XfrmOutStateProtoError, "A packet could not be sealed.",
			"An algorithm failed, or the packet has no room for the headers.",
			"Look at `dmesg`."},
		{XfrmOutStateModeError, "A packet does not fit the mode of its SA.",
			"As a rule it is larger than the path takes.",
			"Lower the MTU of the sender; look whether ICMP is filtered."},
		{XfrmOutStateSeqError, "The sequence numbers of an SA are used up.",
			"The SA was not rekeyed in time.",
			"Use ESN in esp_proposals, and look in the log why rekeying failed."},
		{XfrmOutStateExpired, "A packet was to leave through an SA that has reached its limits.",
			"The SA was not rekeyed in time.",
			"Look in the log why rekeying failed; lower rekey_bytes or rekey_packets."},
		{XfrmOutPolBlock, "A policy discards a packet that was to leave.",
			"A child is down and keeps its traffic from leaving in clear text, or a policy says so.",
			"`culvert status` shows the child; when_down = \"clear\" lets its traffic leave in clear text."},
		{XfrmOutPolDead, "A policy was removed while a packet used it.",
			"Policies have changed at that moment.",
			"A few are harmless."},
		{XfrmOutPolError, "A policy for a leaving packet could not be applied.",
			"The host is short of memory, or a policy has too many layers.",
			"Look at `dmesg`."},
		{XfrmFwdHdrError, "A packet that is to be forwarded has a header that makes no sense.",
			"The packet is damaged.",
			"A packet capture shows where it comes from."},
		{XfrmOutStateInvalid, "A packet was to leave through an SA that is not ready.",
			"The SA is being made or removed at this moment.",
			"A few are harmless."},
		{XfrmAcquireError, "The kernel could not ask for an SA.",
			"No IKE daemon listened, or its queue was full.",
			"See that the daemon runs; it hears of the next packet again."},
		{XfrmOutStateDirError, "A packet was to leave through an inbound SA.",
			"Another program has changed SAs.",
			"`ip xfrm state` shows them; look who else changes them."},
		{XfrmInStateDirError, "A packet arrived for an outbound SA.",
			"Another program has changed SAs, or somebody sends us our own packets.",
			"`ip xfrm state` shows them; look who else changes them."},
		{XfrmInIptfsError, "The payload of a packet in AGGFRAG mode (IP-TFS) makes no sense.",
			"The peer's payloads are damaged or of an unknown kind.",
			"Compare the IP-TFS options of both sides."},
		{XfrmOutNoQueueSpace, "The queue of an SA in AGGFRAG mode (IP-TFS) was full.",
			"More traffic wants to leave than the SA's rate allows.",
			"Raise its rate or its queue."},
	}
}

// KernelCounter is the code of a counter of /proc/net/xfrm_stat by its name there: XfrmInNoStates is XFRM-IN-NO-STATES.
func KernelCounter(name string) Code {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return Code(b.String())
}
