package tunnel

import "testing"

// The configuration of a gateway may be used for a tunnel beside it: its ports are not taken, nor is anybody let in by them.
func TestTunnelListensOnNoConfiguredPort(t *testing.T) {
	c := Config{Text: `
daemon {
  listen    = ["192.0.2.1"]
  port      = 5000
  tcp_ports = [4500]
}
connection "office" {
  local {
    id = "carol@example.org"
  }
  remote {
    address = "192.0.2.2"
    id      = "gw.example.org"
  }
  virtual_ips = ["0.0.0.0"]
  child "net" {
    remote = ["10.0.0.0/8"]
  }
}
secret "office" {
  ids = ["gw.example.org", "carol@example.org"]
  psk = "correct horse battery staple, and then some"
}
`}
	model, err := c.load()
	if err != nil {
		t.Fatal(err)
	}
	if d := model.Daemon; len(d.Listen)+len(d.TCPPorts) > 0 || d.Port != 0 || d.NATPort != 0 {
		t.Errorf("it listens at %v, ports %d, %d and %v", d.Listen, d.Port, d.NATPort, d.TCPPorts)
	}
}
