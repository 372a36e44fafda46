package ike

import (
	"slices"
	"testing"
)

func TestHandshakeWithoutChild(t *testing.T) {
	_, a, b := connected(t, nil)
	want := []string{
		"IKE_SA_INIT request 0 [ SA KE Ni N(NAT_DETECTION_SOURCE_IP) N(NAT_DETECTION_DESTINATION_IP) N(IKEV2_FRAGMENTATION_SUPPORTED) N(SIGNATURE_HASH_ALGORITHMS) N(INTERMEDIATE_EXCHANGE_SUPPORTED) N(IKE_SA_INIT_FULL_TRANSCRIPT_AUTH) ]",
		"IKE_AUTH request 1 [ IDi IDr AUTH ]",
	}
	if got := a.messages(NewsMessageSent); !slices.Equal(got, want) {
		t.Errorf("a sent %q\nwant %q", got, want)
	}
	want = []string{
		"IKE_SA_INIT response 0 [ SA KE Nr N(NAT_DETECTION_SOURCE_IP) N(NAT_DETECTION_DESTINATION_IP) N(IKEV2_FRAGMENTATION_SUPPORTED) N(SIGNATURE_HASH_ALGORITHMS) N(INTERMEDIATE_EXCHANGE_SUPPORTED) N(IKE_SA_INIT_FULL_TRANSCRIPT_AUTH) N(MULTIPLE_AUTH_SUPPORTED) N(CHILDLESS_IKEV2_SUPPORTED) ]",
		"IKE_AUTH response 1 [ IDr AUTH ]",
	}
	if got := b.messages(NewsMessageSent); !slices.Equal(got, want) {
		t.Errorf("b sent %q\nwant %q", got, want)
	}
	for _, x := range []*testNode{a, b} {
		sa := x.only(t)
		if sa.state != StateEstablished || sa.initial != nil || sa.work != nil || len(sa.keys.Pi)+len(sa.keys.Pr) != 0 {
			t.Errorf("%s: state %v; what only the handshake needs is still there", x.name, sa.state)
		}
	}
	if got := a.of(NewsEstablished)[0].Peer; got != "b.example" {
		t.Errorf("a's peer is %q", got)
	}
	if b.shard.HalfOpen() != 0 {
		t.Errorf("%d half-open SAs", b.shard.HalfOpen())
	}
}
