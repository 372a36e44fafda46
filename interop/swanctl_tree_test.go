package interop_test

import (
	"strings"
	"testing"

	"culvert/interop/lab"
)

// tree is a swanctl.conf for either host: OWN and PEER are names, the rest are addresses and networks.
const tree = `
base {
  version = 2
  local_addrs = OWN_ADDR
  remote_addrs = PEER_ADDR
  mobike = no
}
connections {
  psk : base {
    proposals = aes128gcm16-prfsha256-ecp256
    local {
      auth = psk
      id = OWN-psk.example.org
    }
    remote {
      auth = psk
      id = PEER-psk.example.org
    }
    children {
      net-psk {
        local_ts = OWN_NET
        remote_ts = PEER_NET
        esp_proposals = aes256-sha256-ecp256, default
        dpd_action = restart
        rekey_time = 30m
        life_bytes = 500m
      }
    }
  }
  cert : base {
    local {
      auth = pubkey
      certs = OWN.pem
      id = OWN.example.org
    }
    remote {
      auth = pubkey
      id = PEER.example.org
    }
    children {
      net-cert {
        local_ts = OWN_NET
        remote_ts = PEER_NET
        start_action = none
      }
    }
  }
  home : base {
    vips = 0.0.0.0
    local {
      auth = eap-mschapv2
      id = user@OWN.example.org
      eap_id = OWN-user
    }
    remote {
      auth = pubkey
      id = PEER.example.org
    }
    children {
      net-home {
        remote_ts = PEER_NET
      }
    }
  }
  gateway : base {
    remote_addrs = %any
    pools = leases
    local {
      auth = pubkey
      certs = OWN.pem
      id = OWN.example.org
    }
    remote {
      auth = eap-mschapv2
      id = user@PEER.example.org
      eap_id = %any
    }
    children {
      net-gateway {
        local_ts = OWN_NET
      }
    }
  }
}
pools {
  leases {
    addrs = OWN_POOL
    dns = 192.0.2.53
  }
}
secrets {
  ike-psk {
    id-1 = OWN-psk.example.org
    id-2 = PEER-psk.example.org
    secret = 0sc29tZXRoaW5nIHRoYXQgaXMgbG9uZyBlbm91Z2g=
  }
  eap-1 {
    id = OWN-user
    secret = "a password, moderately long"
  }
  eap-2 {
    id = PEER-user
    secret = "a password, moderately long"
  }
  private-own {
    file = own.key
    secret = passphrase
  }
}
`

// plant writes the tree of a host, whose key is encrypted.
func plant(s *scene, p *pki, h *lab.Host, own, peer string) {
	s.Helper()
	addr := map[string]string{"moon": "1", "sun": "2"}
	text := strings.NewReplacer("OWN_ADDR", "10.99.0."+addr[own], "PEER_ADDR", "10.99.0."+addr[peer], "OWN_NET", "10."+addr[own]+".0.0/24", "PEER_NET", "10."+addr[peer]+".0.0/24",
		"OWN_POOL", "10."+addr[own]+".9.0/24", "OWN", own, "PEER", peer).Replace(tree)
	h.Write("swanctl/swanctl.conf", text)
	p.openssl(s, "pkcs8", "-topk8", "-in", own+".key", "-out", own+".locked", "-v2", "aes-256-cbc", "-passout", "pass:passphrase")
	for file, as := range map[string]string{"ca.pem": "x509ca/ca.pem", own + ".pem": "x509/" + own + ".pem", own + ".locked": "private/own.key"} {
		h.Write("swanctl/"+as, p.read(s, file))
	}
}

// One swanctl.conf with its folders drives charon on one side and our daemon on the other: secrets, certificates with an encrypted
// key, EAP and leases, in both roles.
func TestTheSameTreeOnBothSides(t *testing.T) {
	s := newScene(t)
	p := newPKI(s, "ecdsa-256")
	plant(s, p, s.sun, "sun", "moon")
	plant(s, p, s.moon, "moon", "sun")
	s.theirs = s.sun.Charon("")
	s.theirs.Swanctl("--load-all", "--noprompt")
	s.before = s.kernelState()
	s.ours = s.moon.CulvertTree()

	for _, tt := range []struct{ ours, theirs string }{{"psk", "psk"}, {"cert", "cert"}, {"home", "gateway"}, {"gateway", "home"}} {
		for _, initiator := range []who{culvert, charon} {
			if tt.ours == "home" && initiator == charon || tt.theirs == "home" && initiator == culvert {
				continue // a gateway does not begin
			}
			t.Run(tt.ours+" initiated by "+string(initiator), func(t *testing.T) {
				defer s.lend(t)()
				if initiator == culvert {
					s.ours.Must("up", tt.ours+"/net-"+tt.ours)
				} else {
					s.theirs.Swanctl("--initiate", "--child", "net-"+tt.theirs)
				}
				s.Await("the child on both sides", func() bool { return s.children() == 1 && s.theirs.Installed() == 1 })
				if got := s.ours.Status().SAs[0].Connection; got != tt.ours {
					t.Errorf("the connection is %s", got)
				}
				if tt.ours == tt.theirs {
					s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
				}
				s.ours.Must("down", tt.ours)
				s.Await("charon to forget the IKE SA", func() bool { return strings.TrimSpace(s.theirs.SAs()) == "" })
			})
		}
	}
	s.leavesNothing()
}
