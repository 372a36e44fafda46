package web_test

import (
	"time"

	"culvert/api"
	"culvert/explain"
)

// sampleTraces are an exchange that went well after a loss, and one that found no common proposal.
func sampleTraces(now time.Time, peer string) []api.Trace {
	return []api.Trace{goodTrace(now.Add(-25 * time.Minute)), failedTrace(now.Add(-50*time.Second), peer)}
}

func goodTrace(began time.Time) api.Trace {
	at := func(ms int) time.Time { return began.Add(time.Duration(ms) * time.Millisecond) }
	t := api.Trace{
		TraceSummary: api.TraceSummary{
			ID: "40", Connection: "office", Peer: "gw.office.example", Local: "192.0.2.1:500", Remote: "192.0.2.10:500", SA: "0a51c0ffee5eed01", Initiator: true,
			Started: began, Outcome: api.TraceUp, Count: 6,
		},
		Messages: []api.TraceMessage{
			{Time: at(0), Direction: api.TraceSent, Exchange: "IKE_SA_INIT", Size: 456, Repeated: 2, Payloads: initPayloads()},
			{Time: at(2612), Direction: api.TraceReceived, Exchange: "IKE_SA_INIT", Response: true, Size: 432, RTT: 12400 * time.Microsecond, Payloads: initPayloads()},
			{Time: at(2615), Direction: api.TraceSent, Exchange: "IKE_INTERMEDIATE", MessageID: 1, Size: 1280, Fragments: 2, Payloads: []api.TracePayload{{Type: "KE", Summary: "ML-KEM-768, 1184 octets"}}},
			{Time: at(2629), Direction: api.TraceReceived, Exchange: "IKE_INTERMEDIATE", Response: true, MessageID: 1, Size: 1184, Fragments: 2, RTT: 14 * time.Millisecond, Payloads: []api.TracePayload{{Type: "KE", Summary: "ML-KEM-768, 1088 octets"}}},
			{Time: at(2632), Direction: api.TraceSent, Exchange: "IKE_AUTH", MessageID: 2, Size: 896, Payloads: authPayloads()},
			{Time: at(2649), Direction: api.TraceReceived, Exchange: "IKE_AUTH", Response: true, MessageID: 2, Size: 848, RTT: 16800 * time.Microsecond, Payloads: authPayloads()},
		},
		Marks: []api.TraceMark{
			{Time: at(2649), After: 6, Kind: api.EventUp, Text: "established with gw.office.example"},
			{Time: at(2650), After: 6, Kind: api.EventChildUp, Text: "child net is up"},
		},
	}
	return t
}

func failedTrace(began time.Time, peer string) api.Trace {
	ended := began.Add(31 * time.Millisecond)
	summary := api.TraceSummary{
		ID: "41", Connection: "cloud-eu", Peer: peer, Local: "192.0.2.1:500", Remote: "198.51.100.7:500", Initiator: true, Started: began, Ended: &ended,
		Outcome: api.TraceFailed, Failure: noProposal(), Count: 3,
	}
	return api.Trace{
		TraceSummary: summary,
		Messages: []api.TraceMessage{
			{Time: began, Direction: api.TraceSent, Exchange: "IKE_SA_INIT", Size: 320, Payloads: initPayloads()},
			{Time: began.Add(9 * time.Millisecond), Direction: api.TraceReceived, Exchange: "IKE_SA_INIT", Response: true, Size: 36, Dropped: "its length is not that of the datagram", Payloads: []api.TracePayload{}},
			{Time: ended, Direction: api.TraceReceived, Exchange: "IKE_SA_INIT", Response: true, Size: 36, RTT: 31 * time.Millisecond,
				Payloads: []api.TracePayload{{Type: "N", Summary: "NO_PROPOSAL_CHOSEN"}, {Type: "V", Summary: peer}}},
		},
		Marks: []api.TraceMark{{Time: ended, After: 3, Kind: api.EventDown, Text: "the peer takes none of our proposals", Problem: noProposal()}},
	}
}

func initPayloads() []api.TracePayload {
	transforms := []api.TraceField{
		{Name: "ENCR", Value: "AES_GCM_16-256"}, {Name: "PRF", Value: "PRF_HMAC_SHA2_384"}, {Name: "KE", Value: "Curve25519"}, {Name: "ADDKE1", Value: "ML-KEM-768"},
	}
	return []api.TracePayload{
		{Type: "SA", Summary: "1 proposal", Fields: []api.TraceField{{Name: "Proposal 1", Value: "aes256gcm16-prfsha384-x25519-ke1_mlkem768", Fields: transforms}}},
		{Type: "KE", Summary: "Curve25519, 32 octets"},
		{Type: "Ni", Summary: "32 octets"},
		{Type: "N", Summary: "NAT_DETECTION_SOURCE_IP"},
		{Type: "N", Summary: "NAT_DETECTION_DESTINATION_IP"},
		{Type: "N", Summary: "INTERMEDIATE_EXCHANGE_SUPPORTED"},
	}
}

func authPayloads() []api.TracePayload {
	return []api.TracePayload{
		{Type: "IDi", Summary: "FQDN gw.example.org"}, {Type: "CERT", Summary: "CN=gw.example.org"}, {Type: "AUTH", Summary: "digital signature, ecdsa-p256"},
		{Type: "SA", Summary: "1 proposal"}, {Type: "TSi", Summary: "10.1.0.0/16"}, {Type: "TSr", Summary: "10.2.0.0/16 fd02::/64"},
	}
}

func sampleExplanation() api.Explanation {
	p := noProposal()
	return api.Explanation{
		Trace: "41", Connection: "cloud-eu", Code: explain.IKENoProposal, Title: p.Title, Text: p.Detail, Refused: api.SidePeer,
		Cause: "Both sides have to allow one algorithm of each kind in common.", Action: "Add ecp384 to `proposals` of cloud-eu, or x25519 at the peer.",
		Ours: []string{"aes256gcm16-prfsha384-x25519", "aes256gcm16-prfsha256-x25519"}, Theirs: []string{"aes256gcm16-prfsha384-ecp384"},
		Differs: "key exchange: x25519 here, ecp384 there",
	}
}
