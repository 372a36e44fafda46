package failures_test

import (
	"encoding/hex"
	"fmt"

	"culvert/api"
	"culvert/eap/mschapv2"
	"culvert/explain"
	"culvert/secret"
)

// A failure is one way in which a connection does not come up, and what culvert explain has to say about it.
type failure struct {
	name         string // as a user would call it
	initiator    who
	ours, theirs side
	firewall     string // what sun drops, a match of nft's
	up           bool   // the IKE SA comes up all the same
	patient      bool   // a peer that refuses after a while is waited for
	then         string // what is done when it is up: "rekey" or "ping"

	code    explain.Code
	refused api.Side
	text    []string // words of what happened
	left    []string // of our values
	right   []string // of the peer's
	differs []string
	do      []string // of what to do
}

// proposalFailures are about algorithms.
func proposalFailures() []failure {
	peerRefuses := func(name string, ours, theirs side, left string) failure {
		return failure{name: name, initiator: culvert, ours: ours, theirs: theirs, code: explain.IKENoProposal, refused: api.SidePeer,
			text: []string{"10.99.0.2", "accepts none of the proposals", left}, left: []string{left}, right: []string{"the peer does not tell"},
			do: []string{"swanctl.conf", `proposals of connection "site" in culvert.hcl`}}
	}
	weRefuse := func(name string, ours, theirs side, differs, right string) failure {
		return failure{name: name, initiator: charon, ours: ours, theirs: theirs, code: explain.IKENoProposal, refused: api.SideUs,
			text: []string{"peer offers", differs}, differs: []string{differs}, right: []string{right}, do: []string{"Set proposals", "culvert.hcl", right}}
	}
	encr := side{ike: "aes128gcm16-prfsha256-x25519"}
	integ := [2]side{{ike: "aes256-sha512-prfsha256-x25519"}, {ike: "aes256-sha256-prfsha256-x25519"}}
	prf := side{ike: "aes256gcm16-prfsha384-x25519"}
	group := side{ike: "aes256gcm16-prfsha256-modp2048"}
	return []failure{
		peerRefuses("no common IKE encryption", side{}, encr, "aes256gcm16-prfsha256-x25519"),
		weRefuse("no common IKE encryption", side{}, encr, "encryption AES_GCM_16_128 only; we allow AES_GCM_16_256", "aes128gcm16-prfsha256-x25519"),
		weRefuse("no common IKE integrity", integ[0], integ[1], "integrity HMAC_SHA2_256_128 only; we allow HMAC_SHA2_512_256", "aes256-sha256-prfsha256-x25519"),
		weRefuse("no common IKE PRF", side{}, prf, "PRF_HMAC_SHA2_384 only; we allow PRF_HMAC_SHA2_256", "aes256gcm16-prfsha384-x25519"),
		weRefuse("no common IKE key exchange", side{}, group, "key exchange MODP_2048 only; we allow CURVE_25519", "aes256gcm16-prfsha256-modp2048"),
		peerRefuses("no common IKE key exchange", side{}, group, "aes256gcm16-prfsha256-x25519"),
		{name: "no common ESP proposal", initiator: culvert, theirs: side{esp: "aes128gcm16"}, up: true, code: explain.IKENoProposal, refused: api.SidePeer,
			text: []string{"none of the ESP proposals", `child "net"`, "aes256gcm16"}, left: []string{"net: aes256gcm16"}, right: []string{"the peer does not tell"}, do: []string{"esp_proposals", "culvert.hcl"}},
		{name: "no common ESP proposal", initiator: charon, theirs: side{esp: "aes128gcm16"}, up: true, code: explain.IKENoProposal, refused: api.SideUs,
			text: []string{"peer offers encryption AES_GCM_16_128 only; we allow AES_GCM_16_256"}, left: []string{"net: aes256gcm16"}, right: []string{"aes128gcm16"},
			differs: []string{"AES_GCM_16_128"}, do: []string{"Set esp_proposals", "culvert.hcl", "aes128gcm16"}},
		{name: "PFS mismatch at a rekey", initiator: culvert, ours: side{esp: "aes256gcm16-x25519"}, theirs: side{esp: "aes256gcm16-modp2048"}, up: true, then: "rekey",
			code: explain.IKENoProposal, refused: api.SidePeer, text: []string{"none of the ESP proposals", "aes256gcm16-x25519"}, left: []string{"aes256gcm16-x25519"}, do: []string{"esp_proposals"}},
		{name: "PFS mismatch at a rekey", initiator: charon, ours: side{esp: "aes256gcm16-x25519"}, theirs: side{esp: "aes256gcm16-modp2048"}, up: true, then: "rekey",
			code: explain.IKENoProposal, refused: api.SideUs, text: []string{"key exchange MODP_2048 only; we allow CURVE_25519"}, right: []string{"aes256gcm16-modp2048"}, do: []string{"esp_proposals", "aes256gcm16-modp2048"}},
	}
}

// identityFailures are about who the two are.
func identityFailures() []failure {
	return []failure{
		{name: "wrong pre-shared key", initiator: culvert, theirs: side{psk: "another key than the one of the other side"}, code: explain.IKEAuthPeerRejected, refused: api.SidePeer,
			text: []string{"does not accept our authentication as moon.example.org"}, left: []string{"we say that we are moon.example.org", "we prove it by Shared Key"},
			right: []string{"does not tell"}, do: []string{"same pre-shared key", "read the log"}},
		{name: "wrong pre-shared key", initiator: charon, theirs: side{psk: "another key than the one of the other side"}, code: explain.AuthPSKWrong, refused: api.SideUs,
			text: []string{"pre-shared key of peer sun.example.org", `secret "site"`}, do: []string{"Compare the key"}},
		{name: "wrong local identity", initiator: culvert, ours: side{id: "mars.example.org"}, code: explain.IKEAuthPeerRejected, refused: api.SidePeer,
			text: []string{"mars.example.org"}, left: []string{"we say that we are mars.example.org", "we want the peer to be sun.example.org"}, do: []string{"no matching peer config found"}},
		{name: "wrong remote identity", initiator: charon, theirs: side{id: "venus.example.org"}, code: explain.IKENoConnection, refused: api.SideUs,
			text: []string{"no connection for identity venus.example.org"}, left: []string{"the peer has to be sun.example.org"}, right: []string{"it says that it is venus.example.org"},
			differs: []string{"venus.example.org"}, do: []string{`remote { id = "venus.example.org" }`, "culvert.hcl"}},
		{name: "the peer has no connection for us", initiator: culvert, theirs: side{peer: "10.99.0.77"}, code: explain.IKENoProposal, refused: api.SidePeer,
			text: []string{"accepts none of the proposals"}, do: []string{"no connection for our address, 10.99.0.1"}},
		{name: "the address of the peer is another one", initiator: charon, theirs: side{address: "10.99.0.22"}, code: explain.IKENoConnection, refused: api.SideUs,
			text: []string{"no connection for 10.99.0.22 at 10.99.0.1"}, differs: []string{"10.99.0.22"}, do: []string{`remote { address = "10.99.0.22" }`, "culvert.hcl", "Behind a NAT"}},
		{name: "the name of the peer is unknown", initiator: culvert, ours: side{peer: "nowhere.invalid"}, code: explain.IKEPeerUnresolved,
			text: []string{"nowhere.invalid"}, do: []string{"name"}},
	}
}

// certificateFailures are about certificates and the clock.
func certificateFailures() []failure {
	with := func(cert string) side { return side{cert: cert} }
	return []failure{
		{name: "untrusted CA of the peer", initiator: culvert, ours: with("moon"), theirs: with("untrusted"), code: explain.AuthCertUntrusted, refused: api.SideUs,
			text: []string{"CN=sun.example.org", "CN=Other CA", "CN=Good CA"}, left: []string{"we trust CN=Good CA"}, right: []string{"issued by CN=Other CA"}, differs: []string{"issuer"}, do: []string{"remote.ca"}},
		{name: "untrusted CA of the peer", initiator: charon, ours: with("moon"), theirs: with("untrusted"), code: explain.AuthCertUntrusted, refused: api.SideUs,
			text: []string{"CN=Other CA"}, right: []string{"issued by CN=Other CA"}, do: []string{"remote.ca"}},
		{name: "our CA is not trusted", initiator: culvert, ours: with("foreign"), theirs: with("sun"), code: explain.IKEAuthPeerRejected, refused: api.SidePeer,
			text: []string{"does not accept our authentication"}, left: []string{"Digital Signature"}, do: []string{"issued by CN=Other CA", "trusted"}},
		{name: "expired certificate", initiator: culvert, ours: with("moon"), theirs: with("expired"), code: explain.AuthCertExpired, refused: api.SideUs,
			text: []string{"CN=sun.example.org", "the clock says"}, right: []string{"valid from"}, differs: []string{"ended before now by our clock"}, do: []string{"Renew"}},
		{name: "certificate of the future, or a wrong clock", initiator: charon, ours: with("moon"), theirs: with("early"), code: explain.AuthCertNotYetValid, refused: api.SideUs,
			text: []string{"CN=sun.example.org", "clock"}, right: []string{"valid from"}, differs: []string{"begins after now by our clock"}, do: []string{"Set the clock"}},
		{name: "identity is not in the certificate", initiator: culvert, ours: with("moon"), theirs: with("named"), code: explain.AuthIDMismatch, refused: api.SideUs,
			text: []string{"sun.example.org", "other.example.org"}, do: []string{"id"}},
		{name: "missing intermediate certificate", initiator: culvert, ours: with("moon"), theirs: with("chained"), code: explain.AuthCertUntrusted, refused: api.SideUs,
			text: []string{"CN=Middle CA"}, left: []string{"CN=Good CA"}, right: []string{"issued by CN=Middle CA"}, do: []string{"missing intermediate"}},
		{name: "no certificate", initiator: charon, ours: with("moon"), theirs: side{cert: "sun", options: "send_cert = never"}, code: explain.AuthCertMissing, refused: api.SideUs,
			text: []string{"certificate"}, right: []string{"the peer sent no certificate"}, do: []string{"send its certificate"}},
		{name: "revoked certificate", initiator: culvert, ours: side{cert: "moon", remote: "ca = [\"ca.pem\"]\ncrl = [\"ca.crl\"]"}, theirs: with("revoked"), code: explain.AuthCertRevoked, refused: api.SideUs,
			text: []string{"CN=sun.example.org", "revoked"}, differs: []string{"revoked"}, do: []string{"new certificate"}},
	}
}

// trafficFailures are about what a tunnel carries and who may have one.
func trafficFailures() []failure {
	eap := func(password, methods string) side {
		return side{local: "eap {\n identity = \"carol\"\n password = \"" + password + "\"\n methods = [\"" + methods + "\"]\n}",
			remote: `ca = ["ca.pem"]`, rest: "\n"}
	}
	gateway := side{local: "auth = pubkey\n certs = sun.pem", remote: "auth = eap-mschapv2\n eap_id = %any", peerID: "%any"}
	return []failure{
		{name: "traffic selectors do not match", initiator: culvert, theirs: side{localTS: "10.7.0.0/24"}, up: true, code: explain.IKETSUnacceptable, refused: api.SidePeer,
			text: []string{"10.1.0.0/24 === 10.2.0.0/24"}, left: []string{"net: 10.1.0.0/24 === 10.2.0.0/24"}, right: []string{"does not tell"}, do: []string{"local_ts and remote_ts"}},
		{name: "traffic selectors do not match", initiator: charon, theirs: side{localTS: "10.7.0.0/24"}, up: true, code: explain.IKETSUnacceptable, refused: api.SideUs,
			text: []string{"10.7.0.0/24"}, left: []string{"net: 10.1.0.0/24 === 10.2.0.0/24"}, right: []string{"10.1.0.0/24 === 10.7.0.0/24"}, do: []string{`remote = ["10.7.0.0/24"]`, "culvert.hcl"}},
		{name: "wrong EAP password", initiator: culvert, ours: eap("not the password", "mschapv2"), theirs: gateway, patient: true, code: explain.EAPPassword, refused: api.SidePeer,
			text: []string{"carol"}, right: []string{"Request EAP-MSCHAPv2: Failure E=691"}, do: []string{"password"}},
		{name: "wrong EAP password", initiator: charon, ours: side{cert: "moon", peerID: "%any", remote: "eap {\n users = \"staff\"\n methods = [\"mschapv2\"]\n}",
			rest: fmt.Sprintf("users \"staff\" {\n user \"carol\" {\n nt_hash = %q\n }\n}\n", hex.EncodeToString(mschapv2.NTHash(secret.Bytes("another password"))))},
			theirs: side{local: "auth = eap-mschapv2\n eap_id = carol", remote: "auth = pubkey\n cacerts = ca.pem"}, code: explain.EAPPassword, refused: api.SideUs,
			text: []string{"carol"}, left: []string{"Request EAP-MSCHAPv2: Failure E=691"}, right: []string{"Response EAP-MSCHAPv2: Response"}, do: []string{"password"}},
		{name: "no common EAP method", initiator: culvert, ours: eap("the password of carol", "md5"), theirs: gateway, code: explain.EAPNoMethod, refused: api.SidePeer,
			text: []string{"EAP-MSCHAPv2", "EAP-MD5"}, left: []string{"Nak: wants EAP-MD5"}, right: []string{"Request EAP-MSCHAPv2"}, differs: []string{"EAP method"}, do: []string{"method"}},
		{name: "no virtual address for us", initiator: culvert, ours: side{options: `virtual_ips = ["0.0.0.0"]`, localTS: "dynamic"}, theirs: side{remoteTS: "dynamic"}, up: true,
			code: explain.IKENoAddress, refused: api.SidePeer, text: []string{"address"}, left: []string{"INTERNAL_IP4_ADDRESS"}, right: []string{"no address for us"}, do: []string{"pools", "virtual_ips"}},
		{name: "no virtual address for the peer", initiator: charon, ours: side{options: `pools = ["one"]`, remoteTS: "dynamic", rest: "pool \"one\" {\n addresses = [\"10.3.0.1\"]\n static = {\n \"somebody.else\" = \"10.3.0.1\"\n }\n}\nsecret \"site\" {\n psk = \"failures-need-a-key-that-is-long-enough\"\n}\n"},
			theirs: side{options: "vips = 0.0.0.0", localTS: "dynamic"}, up: true, code: explain.IKENoAddress, refused: api.SideUs,
			text: []string{"sun.example.org asks for an address", "pool one"}, right: []string{"INTERNAL_IP4_ADDRESS"}, do: []string{"pool", "culvert pools --leases"}},
	}
}

// pathFailures are about what is between the two.
func pathFailures() []failure {
	return []failure{
		{name: "UDP port 500 is blocked", initiator: culvert, firewall: "udp dport 500", code: explain.IKETimeout,
			text: []string{"IKE_SA_INIT", "10.99.0.2:500", "no answer"}, left: []string{"IKE_SA_INIT request 0 to 10.99.0.2:500"}, right: []string{"nothing came from 10.99.0.2"}, do: []string{"UDP port 500 is open", "tcpdump"}},
		{name: "UDP port 4500 is blocked", initiator: culvert, ours: side{options: "force_encapsulation = true"}, firewall: "udp dport 4500", code: explain.IKETimeout,
			text: []string{"IKE_AUTH", "IKE_SA_INIT was answered", "UDP port 4500"}, left: []string{"IKE_AUTH request 1 to 10.99.0.2:4500"}, right: []string{"IKE_SA_INIT response"}, do: []string{"Open UDP port 4500"}},
		{name: "UDP port 4500 is blocked", initiator: charon, theirs: side{options: "encap = yes"}, firewall: "udp dport 4500", code: explain.IKEHalfOpen,
			text: []string{"did not authenticate"}, differs: []string{"its IKE_AUTH did not come"}, do: []string{"open UDP port 4500", "peer's log"}},
		{name: "large messages are lost (MTU)", initiator: culvert, ours: side{cert: "large", options: `fragmentation = "no"`}, theirs: side{cert: "sun"}, firewall: "meta l4proto udp meta length > 1300",
			code: explain.IKETimeout, text: []string{"IKE_AUTH", "octets", "not fragmented"}, do: []string{"fragment"}, differs: []string{"IKE_SA_INIT was answered"}},
		{name: "ESP is blocked, IKE is not", initiator: culvert, firewall: "udp dport 4500 @th,64,32 != 0", up: true, then: "ping", code: explain.ESPOneWay,
			text: []string{"child net has sent", "received none"}, left: []string{"out:"}, right: []string{"in: 0 packets"}, differs: []string{"ESP does not"}, do: []string{"firewall"}},
	}
}

// downFailure is for a peer whose daemon has ended. It comes last.
func downFailure() failure {
	return failure{name: "the IKE daemon of the peer is down", initiator: culvert, code: explain.IKETimeout,
		text: []string{"no answer", "ICMP says that nothing listens on UDP port 500 of 10.99.0.2"}, right: []string{"nothing came"}, do: []string{"daemon"}}
}

// failures are all of them.
func failures() []failure {
	var all []failure
	for _, list := range [][]failure{proposalFailures(), identityFailures(), certificateFailures(), trafficFailures(), pathFailures()} {
		all = append(all, list...)
	}
	return all
}
