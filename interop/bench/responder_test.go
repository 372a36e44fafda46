package bench_test

import (
	"fmt"
	"path/filepath"

	"culvert/auth"
	"culvert/interop/lab"
)

// The connection of both responders: one that takes every client, authenticated by a pre-shared key or by ECDSA.
const (
	proposal   = "aes128-sha256-x25519"
	childSuite = "aes128gcm16"
	psk        = "interoperable-and-long-enough"
	gateway    = "sun.example.org"
)

// A responder starts the daemon that is measured on a host.
type responder struct {
	name  string
	start func(h *lab.Host, p *parties) *lab.Process
}

func responders() []responder {
	return []responder{{"culvert", startCulvert}, {"charon", startCharon}}
}

// startCulvert starts our daemon.
func startCulvert(h *lab.Host, p *parties) *lab.Process { return h.Culvert(p.culvert(h)).Process }

// culvert is our daemon's configuration. All clients have one address, hence the limits on half-open IKE SAs.
func (p *parties) culvert(h *lab.Host) string {
	local, remote, secret := "", "", fmt.Sprintf("secret \"bench\" {\n psk = %q\n}\n", psk)
	if p.authority != nil {
		p.writeGateway(h, "gateway.pem", "gateway.key", "ca.pem")
		local = "certificate = [\"gateway.pem\"]\n key = \"gateway.key\""
		remote, secret = "ca = [\"ca.pem\"]", ""
	}
	return fmt.Sprintf(`
daemon {
  state_dir = %q
  half_open {
    per_prefix = 1000
    cookie_threshold = 1000
  }
}
connection "bench" {
  local {
    id = %q
    %s
  }
  remote {
    id = "%%any"
    %s
  }
  proposals = [%q]
  unique = "never"
  child "net" {
    local = [%q]
    remote = ["10.128.0.0/9"]
    esp_proposals = [%q]
  }
}
%s`, filepath.Join(p.Dir, h.Name), gateway, local, remote, proposal, network, childSuite, secret)
}

// charonTuning is what charon's manual advises for many clients, without its limits for one address. Both daemons log as
// they do by default, into a file.
const charonTuning = `dos_protection = no
	ikesa_table_size = 4096
	ikesa_table_segments = 16
	filelog {
		main {
			flush_line = no
		}
	}`

func startCharon(h *lab.Host, p *parties) *lab.Process {
	kind, certs, secret := "psk", "", fmt.Sprintf("secrets {\n ike-bench {\n  secret = %q\n }\n}\n", psk)
	if p.authority != nil {
		p.writeGateway(h, "swanctl/x509/gateway.pem", "swanctl/private/gateway.key", "swanctl/x509ca/ca.pem")
		kind, certs, secret = "pubkey", "certs = gateway.pem", ""
	}
	c := h.Charon(charonTuning)
	c.Load(fmt.Sprintf(`connections {
 bench {
  version = 2
  local_addrs = 10.99.0.2
  remote_addrs = %%any
  proposals = %[1]s
  unique = never
  local {
   auth = %[2]s
   id = %[3]s
   %[4]s
  }
  remote {
   auth = %[2]s
   id = %%any
  }
  children {
   net {
    local_ts = %[7]s
    remote_ts = 10.128.0.0/9
    esp_proposals = %[5]s
   }
  }
 }
}
%[6]s`, proposal, kind, gateway, certs, childSuite, secret, network))
	return c.Process
}

// parties are the network and the credentials of a benchmark.
type parties struct {
	*lab.Lab
	authority *authority // nil: pre-shared key
	gateway   auth.Credential
}

// writeGateway puts the responder's credentials where it looks for them.
func (p *parties) writeGateway(h *lab.Host, cert, key, ca string) {
	p.Helper()
	h.Write(cert, certificatePEM(p.gateway.Chain[0]))
	h.Write(key, keyPEM(p, p.gateway))
	h.Write(ca, certificatePEM(p.authority.cert))
}
