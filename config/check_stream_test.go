package config

import (
	"testing"

	"culvert/explain"
)

func TestConnectionsThatWaitForStreamsNeedAPort(t *testing.T) {
	net := carrying("net", "10.1.0.0/16", "10.2.0.0/16")
	const says = "accepts no streams"
	for _, transport := range []string{"tcp", "auto"} {
		waiting := peerTo("a", "%any", "transport = \""+transport+"\"", net) + anySecret
		finds(t, waiting, Warning, explain.ConfigUnused, says)
		finds(t, "daemon {\n  tcp_ports = [4500]\n}\n"+waiting, Warning, "", "")
		finds(t, peerTo("a", "192.0.2.1", "transport = \""+transport+"\"", net)+anySecret, Warning, "", "")
	}
	finds(t, peerTo("a", "%any", net)+anySecret, Warning, "", "")
}
