package explain

import "slices"

// The codes of the IKE engine.
const (
	IKENoProposal       Code = "IKE-NO-PROPOSAL"
	IKEWeakGroup        Code = "IKE-WEAK-GROUP"
	IKEBadProposal      Code = "IKE-BAD-PROPOSAL"
	IKEWeakerRekey      Code = "IKE-WEAKER-REKEY"
	IKEKeyExchange      Code = "IKE-KEY-EXCHANGE"
	IKEKeyExchangeLoop  Code = "IKE-KEY-EXCHANGE-LOOP"
	IKECookieLoop       Code = "IKE-COOKIE-LOOP"
	IKETimeout          Code = "IKE-TIMEOUT"
	IKEHalfOpen         Code = "IKE-HALF-OPEN"
	IKEInvalidSyntax    Code = "IKE-INVALID-SYNTAX"
	IKECriticalPayload  Code = "IKE-CRITICAL-PAYLOAD"
	IKEAuthFailed       Code = "IKE-AUTH-FAILED"
	IKEAuthPeerRejected Code = "IKE-AUTH-PEER-REJECTED"
	IKENoConnection     Code = "IKE-NO-CONNECTION"
	IKENotUnique        Code = "IKE-NOT-UNIQUE"
	IKENoAddress        Code = "IKE-NO-ADDRESS"
	IKEAddressRequired  Code = "IKE-ADDRESS-REQUIRED"
	IKETSUnacceptable   Code = "IKE-TS-UNACCEPTABLE"
	IKESinglePair       Code = "IKE-SINGLE-PAIR"
	IKESameTraffic      Code = "IKE-SAME-TRAFFIC"
	IKENoAdditionalSAs  Code = "IKE-NO-ADDITIONAL-SAS"
	IKETooManyQueues    Code = "IKE-TS-MAX-QUEUE"
	IKETemporaryFailure Code = "IKE-TEMPORARY-FAILURE"
	IKEChildNotFound    Code = "IKE-CHILD-NOT-FOUND"
	IKEStateNotFound    Code = "IKE-STATE-NOT-FOUND"
	IKEMode             Code = "IKE-MODE"
	IKEChildless        Code = "IKE-CHILDLESS"
	IKEAggFrag          Code = "IKE-IPTFS"
	IKECircuitBreaker   Code = "IKE-CIRCUIT-BREAKER"
	IKEInactive         Code = "IKE-INACTIVE"
	IKERedirected       Code = "IKE-REDIRECTED"
	IKERedirectRefused  Code = "IKE-REDIRECT-REFUSED"
	IKERedirectLoop     Code = "IKE-REDIRECT-LOOP"
	IKEDataPlane        Code = "IKE-DATA-PLANE"
	ESPOneWay           Code = "ESP-ONE-WAY"
	IKEPeerDeleted      Code = "IKE-PEER-DELETED"
	IKELifetime         Code = "IKE-LIFETIME"
	IKEMessageIDs       Code = "IKE-MESSAGE-IDS"
	IKEPeerRekeys       Code = "IKE-PEER-REKEYS"
	IKEPeerRefused      Code = "IKE-PEER-REFUSED"
	IKENoSuchSA         Code = "IKE-NO-SUCH-SA"
	IKELimit            Code = "IKE-LIMIT"
	IKEPeerComplaint    Code = "IKE-PEER-COMPLAINT"
	IKEReauth           Code = "IKE-REAUTH"
	IKEConnecting       Code = "IKE-CONNECTING"
	IKEPeerUnresolved   Code = "IKE-PEER-UNRESOLVED"
	IKENoRoute          Code = "IKE-NO-ROUTE"
	IKEStream           Code = "IKE-STREAM"
	IKEUDPSilent        Code = "IKE-UDP-SILENT"
	IKENoPeerAddress    Code = "IKE-NO-PEER-ADDRESS"
	IKEPPKRequired      Code = "IKE-PPK-REQUIRED"
	IKEPPKUnknown       Code = "IKE-PPK-UNKNOWN"
	IKEPPKMismatch      Code = "IKE-PPK-MISMATCH"
	IKENotQuantumSafe   Code = "IKE-NOT-QUANTUM-SAFE"
	IKEInternal         Code = "IKE-INTERNAL"
)

// ikeEntries documents the codes of the IKE engine.
func ikeEntries() []Entry {
	return slices.Concat(ikeNegotiationEntries(), ikeExchangeEntries(), ikeAdmissionEntries(), ikeChildEntries(), ikeLifeEntries(), ikeQuantumEntries())
}

// ikeNegotiationEntries is about what the two sides agree on.
func ikeNegotiationEntries() []Entry {
	return []Entry{
		{IKENoProposal, "The two sides have no algorithms in common.",
			"For one type of transform (encryption, integrity, PRF, key exchange) nothing that one side offers is allowed by the other. The message names that type and what both sides have.",
			"Add one of the peer's algorithms to the proposals of the connection, or one of ours to the peer. If there is one, read the peer's log: some say the same when their kernel cannot install the SA."},
		{IKEWeakGroup, "The peer offers only key exchange groups that can be broken.",
			"It offers MODP groups of 1024 bits or less and nothing else. Windows does so for IKEv2 until it is told otherwise.",
			`On Windows run in PowerShell: Set-VpnConnectionIPsecConfiguration -ConnectionName NAME -DHGroup Group14 -EncryptionMethod AES256 -IntegrityCheckMethod SHA256 -CipherTransformConstants AES256 -AuthenticationTransformConstants SHA256128 -PfsGroup None -Force (the script of culvert client export does it); or set the DWORD NegotiateDH2048_AES256 to 1 in HKLM\SYSTEM\CurrentControlSet\Services\RasMan\Parameters. If the peer cannot be changed and its traffic is worth little, add a proposal with modp1024 by name.`},
		{IKEBadProposal, "The peer chose algorithms that were not offered.",
			"The answer to our proposals is not one of them. The peer is broken, or somebody changed the message on its way.",
			"Look at the trace of the exchange. If the peer is at fault, offer it exactly one proposal."},
		{IKEWeakerRekey, "The peer wants to replace an IKE SA by a weaker one.",
			"The IKE SA was made with additional or quantum-resistant key exchanges, and the peer proposes to rekey it without. Our proposals would allow that for a new IKE SA, but an IKE SA does not get weaker by rekeying.",
			"Give the peer the same proposals for rekeying as for the first exchange. If it is meant, take the key exchanges from our proposals too, or connect anew."},
		{IKEKeyExchange, "A key exchange value was refused.",
			"The public value is not valid for its group: wrong length, not on the curve, or one that gives no secret. A correct peer never sends such a value.",
			"Try another group. If it happens again the peer is broken or attacks."},
		{IKEKeyExchangeLoop, "The peer asks for key exchange groups in circles.",
			"It answered INVALID_KE_PAYLOAD again after it got the group that it had asked for, or asks for a group that was not offered.",
			"Configure one group that both sides have."},
	}
}

// ikeExchangeEntries is about exchanges that do not come to an end.
func ikeExchangeEntries() []Entry {
	return []Entry{
		{IKECookieLoop, "The peer asks for a cookie again and again.",
			"Each cookie is answered by a demand for another. The peer does not recognise its own cookies, or somebody forges its answers.",
			"Try later. If it lasts, capture the exchange and look at who sends the answers."},
		{IKETimeout, "The peer does not answer.",
			"A request was sent again several times without an answer. The peer is down, cannot be reached, drops our messages quietly, or a firewall stops UDP port 500 or 4500.",
			"Check the address, that the peer runs, and that UDP ports 500 and 4500 pass in both directions. Look at the peer's log: it may ignore an unknown address."},
		{IKEHalfOpen, "The peer did not authenticate in time.",
			"It began a handshake and did not finish it. It refused our answer quietly, lost its network, or only probes.",
			"Look at the peer's log. Many of these from changing addresses are an attack, against which cookies are used by themselves."},
		{IKEInvalidSyntax, "A message breaks the rules of the protocol.",
			"A payload is missing, doubled or malformed. The IKE SA cannot go on, since the two sides no longer agree about its state.",
			"Look at the trace of the exchange; report it to the maker of the peer."},
		{IKECriticalPayload, "A message demands an extension that is not known.",
			"A payload of an unknown type is marked critical, so that the message must be refused whole.",
			"Switch the extension off at the peer."},
		{IKEAuthFailed, "The peer could not prove who it is.",
			"Its signature or pre-shared key does not fit what is configured for it. The message says what was wrong. The peer is told AUTHENTICATION_FAILED and no more.",
			"Compare identities, keys, certificates and authorities of both sides."},
		{IKEAuthPeerRejected, "The peer did not accept our authentication.",
			"It answered AUTHENTICATION_FAILED: our identity, key or certificate does not fit its configuration. Only the peer's log says what it misses.",
			"Read the peer's log. Compare the identity that we send with the one that it expects, and the secrets or authorities of both sides."},
	}
}

// ikeAdmissionEntries is about who may have an IKE SA and which addresses.
func ikeAdmissionEntries() []Entry {
	return []Entry{
		{IKENoConnection, "No connection is configured for this peer.",
			"A handshake arrived, but no connection allows its addresses, or none allows the identity that it claims.",
			"Add a connection for the address and identity in the message, or correct one that is meant."},
		{IKENotUnique, "The peer is connected already.",
			"Its identity has an IKE SA, and the connection keeps the old one.",
			"Wait until the old one is found dead, close it, or choose the policy that replaces it."},
		{IKENoAddress, "There is no address for the peer.",
			"The pools of the connection have no free address of the family that it asks for.",
			"Make the pool larger, or shorten how long leases are kept."},
		{IKEAddressRequired, "The peer has to ask for an address.",
			"The connection serves addresses, and the other side has to request one with a configuration payload.",
			"Set virtual_ips on the client, or take the pools off the connection."},
	}
}

// ikeChildEntries is about Child SAs.
func ikeChildEntries() []Entry {
	return []Entry{
		{IKETSUnacceptable, "The two sides do not agree on the traffic to protect.",
			"Nothing is common to the traffic selectors of both sides. The message shows both.",
			"Make the local networks of one side the remote networks of the other."},
		{IKESinglePair, "The peer wants one pair of addresses at a time.",
			"It answered SINGLE_PAIR_REQUIRED: a Child SA may cover a single source and destination only.",
			"Set start = \"trap\" for the child, so that packets ask for the pairs, or configure one child for each pair."},
		{IKENoAdditionalSAs, "No more Child SAs are allowed.",
			"One side has reached the number of Child SAs that it allows on an IKE SA.",
			"Use fewer children with more selectors each, or raise the limit."},
		{IKETooManyQueues, "No more Child SAs of single processors are made.",
			"With per_cpu_sas the first Child SA has others beside it, one for each processor with traffic, and one side has reached the number that it allows. Traffic goes on through those that are there.",
			"Nothing; or allow more on the side that refuses."},
		{IKETemporaryFailure, "An exchange has to wait.",
			"It met another exchange about the same SA, and one side answered TEMPORARY_FAILURE. It is tried again by itself.",
			"Nothing, unless it stays: then look for a peer whose exchange never ends."},
		{IKEStateNotFound, "Additional key exchanges were not carried on in time.",
			"An SA that is made by several key exchanges needs them soon after one another. Whoever waits for the next one gives up after 20 seconds, and answers a later one with STATE_NOT_FOUND; whoever is told so begins again. The usual cause is a network that loses much.",
			"Nothing if it stays alone. If it comes again and again look for loss between the peers, of large packets above all, or propose fewer additional key exchanges."},
		{IKEChildNotFound, "A Child SA is not known at the other side.",
			"One side asked to rekey or delete a Child SA that the other no longer has.",
			"Nothing: the Child SA is made anew."},
		{IKEMode, "The two sides do not agree on tunnel or transport mode.",
			"One side insists on a mode that the other did not choose.",
			"Set the same mode on both sides."},
		{IKEAggFrag, "The two sides do not agree on IP-TFS.",
			"A child that is for IP-TFS only met a peer that declines it, does not know it or requires something unknown.",
			"Configure IP-TFS on both sides, or set require = false in the block iptfs where traffic may show its shape."},
		{IKERedirected, "A gateway sends its client to another gateway.",
			"The gateway is overloaded, goes down, or is only there to send clients on (RFC 5685).",
			"Nothing: the client connects to the other gateway by itself."},
		{IKERedirectRefused, "A redirect to another gateway is not followed, or cannot be sent.",
			"follow_redirects does not allow one of a gateway that has not proven who it is; or the client has not announced to support redirects.",
			"Set follow_redirects = \"yes\" if the network on the way to the gateway is trusted so far. Of an old client, configure the other gateway there."},
		{IKERedirectLoop, "Gateways send the client from one to the other.",
			"It was redirected five times within five minutes: their configurations contradict each other, or somebody forges answers.",
			"Have an administrator look at redirect_clients of the gateways that the log names. The configured gateway is tried again after the usual wait."},
		{IKEInactive, "A child was closed as nothing has passed through it.",
			"inactivity of the child is configured, and for that time there was no packet in either direction.",
			"Nothing: with start = \"trap\" the next packet brings it up again, else `culvert up` does. Raise inactivity if it should stay."},
		{IKESameTraffic, "Two peers have children for the same traffic.",
			"Their selectors are the same: two hosts behind one NAT in transport mode, which both appear with its address, or two networks with the same addresses. Packets from both arrive; those to both go to the one that came first.",
			"Use tunnel mode with virtual addresses from a pool, or networks that differ. With the kernel's data plane, mark_in and mark_out \"unique\" keep the children apart, and rules of the packet filter mark what is for each."},
		{IKECircuitBreaker, "The circuit breaker of an IP-TFS tunnel has tripped.",
			"The peer reported more loss than breaker_loss for as long as breaker_time: the path does not carry the configured rate. The child stays down.",
			"Lower the rate or give the path more bandwidth, then bring the child up again."},
		{IKEChildless, "The peer cannot do without a first Child SA.",
			"The connection begins without a Child SA, which the peer has not announced to support.",
			"Give the connection a child, or let it choose."},
		{ESPOneWay, "Packets leave through the tunnel, and none come back.",
			"The Child SA is up, since IKE passes, but nothing has arrived through it while packets left. A firewall stops ESP (IP protocol 50) or UDP port 4500, the peer drops what comes out of the tunnel, or what it answers has no route back into the tunnel.",
			"Let ESP pass on firewalls in between, or set force_encapsulation = true, so that it travels in UDP port 4500 as IKE does. Then look at the other end: its firewall, its forwarding and its routes."},
		{IKEDataPlane, "The data plane refused a Child SA.",
			"The part that handles packets could not install what was negotiated. The message has its reason.",
			"See the reason: a missing kernel feature, a missing privilege or a conflict with other policies."},
	}
}

// ikeLifeEntries is about the life of an IKE SA and reaching the peer.
func ikeLifeEntries() []Entry {
	return []Entry{
		{IKEPeerDeleted, "The peer closed the SA.",
			"It sent a Delete payload. Right after the SA was established, that is how some peers say that they do not accept who we are.",
			"Nothing, if it was meant; the start action says whether it is made anew. If it happens at each attempt, read the peer's log for what it has against our identity, certificate or key."},
		{IKELifetime, "The SA reached the end of its lifetime.",
			"It was not replaced in time: rekeying or reauthentication failed before.",
			"Look for the earlier message that tells why."},
		{IKEMessageIDs, "The IKE SA has no Message IDs left.",
			"More than four thousand million requests were sent over it, and it was not replaced.",
			"Give the IKE SA a lifetime."},
		{IKEPeerRefused, "The peer refused the exchange.",
			"It answered with the error that the message names.",
			"Read the peer's log for its reason."},
		{IKEPeerRekeys, "The peer does not let us rekey the child.",
			"It answered with the private notify of Windows, which rekeys children by itself and, behind a NAT, lets nobody else do so. The child stays in use until the end of its lifetime.",
			"Set peer_type = \"windows\" for the connection, or rekey_time = \"0s\" for the child, so that rekeying is left to the peer."},
		{IKENoSuchSA, "There is no such SA.",
			"The command names an IKE SA or Child SA that is not there, or no longer, or not in a state to obey.",
			"`culvert status` lists what is there."},
		{IKELimit, "A limit is reached.",
			"The peer asks for more than the configuration or the engine allows at a time.",
			"Raise the limit if the demand is honest."},
		{IKEPeerComplaint, "The peer complains about messages or ESP packets of ours.",
			"The peer got a packet for a Child SA that it does not have, or whose addresses are not what was agreed on, or a message that it did not expect. It may have restarted, or its policy differs from ours.",
			"One complaint after a restart of the peer is harmless. If they go on, compare the selectors of both sides and close the connection so that it comes up anew."},
		{IKEReauth, "Reauthentication did not succeed.",
			"The new IKE SA that should replace an old one did not come up, so the old one ends when its lifetime does.",
			"See the failure of the attempt before this one; it tells what the peer or the network objects to."},
		{IKEConnecting, "Connecting did not succeed.",
			"All attempts that the connection allows have failed; the message tells how the last one did.",
			"Correct what the last attempt failed on, or set keep_up so that it is tried for ever."},
		{IKEPeerUnresolved, "The peer's name has no address.",
			"The name is misspelt, DNS does not answer, or the way to the DNS server is blocked while the tunnel is down.",
			"Look the name up by hand; give an address in remote.address, beside the name if need be."},
		{IKEStream, "There is no TCP stream to the peer.",
			"IKE and ESP were to go in a TCP stream (RFC 9329), because the connection says so or because UDP had no answer. The message says what the host or the network answered: `connection refused` is a peer that does not listen on that port.",
			"Let the peer listen on TCP (daemon.tcp_ports), set remote.tcp_port to where it does, and let firewalls on the way pass it."},
		{IKEUDPSilent, "The peer does not answer over UDP; a TCP stream is tried.",
			"The connection has transport = \"auto\": where UDP is blocked, IKE and ESP go in a TCP stream (RFC 9329, Section 5.1).",
			"Nothing has to be done. If the peer can never be reached over UDP, transport = \"tcp\" saves the wait."},
		{IKENoRoute, "There is no way to the peer.",
			"The interface is down, no route leads to the peer's address, or no socket listens on an address of its family.",
			"`ip route get ADDRESS` must answer; compare local.address and daemon.listen with `ip address`."},
		{IKENoPeerAddress, "The connection has no address to connect to.",
			"remote.address is missing, %any, or a prefix: such a connection only answers.",
			"Let the peer connect, or name its address or host name in remote.address."},
	}
}

// ikeQuantumEntries is about resistance to quantum computers, and faults of ours.
func ikeQuantumEntries() []Entry {
	return []Entry{
		{IKEPPKRequired, "The peer does not use post-quantum preshared keys.",
			"The connection requires one (ppk_required), and the peer has not announced that it has any, or not for the exchange that ppk_exchange asks for.",
			"Give the peer the PPK with the same identity, or set ppk_required = false while peers are being upgraded."},
		{IKEPPKUnknown, "The two sides have no post-quantum preshared key in common.",
			"The side that answers knows none of the identities of PPKs that the other one has sent, or has other values for them, or not for this peer.",
			"Compare the identities and keys of the blocks ppk on both sides, and which of them the connections name."},
		{IKEPPKMismatch, "The two sides have different values for a post-quantum preshared key.",
			"The identities are the same, the keys are not: one side has changed it, or reads it in another encoding.",
			"Put the same key on both sides. To change a key, add the new one under a new identity first."},
		{IKENotQuantumSafe, "The IKE SA would not withstand a quantum computer.",
			"The connection has post_quantum = \"require\", and neither a key exchange that is safe nor a PPK in IKE_INTERMEDIATE came about. A PPK in IKE_AUTH (RFC 8784) does not protect the IKE SA itself.",
			"Give the peer ML-KEM as additional key exchange, or both sides a PPK with ppk_exchange = \"intermediate\", or set post_quantum = \"prefer\"."},
		{IKEInternal, "Something of our own went wrong.",
			"An operation that does not depend on the peer failed. The message has its reason.",
			"See the reason; report it if it is none of the machine's."},
	}
}
