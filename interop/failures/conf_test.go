package failures_test

import (
	"cmp"
	"fmt"
	"strings"
)

// A side is what one daemon is configured with; what is empty is as it has to be.
type side struct {
	address, peer      string // where it is and whom it speaks to
	id, peerID         string
	ike, esp           string // proposals
	psk                string
	cert               string // file without its ending: certificates in the place of the secret
	options            string // of the connection
	local, remote      string // blocks in the place of the usual ones
	localTS, remoteTS  string
	childOptions, rest string
}

// oursConf is the configuration of Culvert.
func (c *failure) oursConf() string {
	o := c.ours
	return fmt.Sprintf(`
connection "site" {
  proposals    = [%q]
  post_quantum = "off"
  %s
  local {
    address = "10.99.0.1"
    id      = %q
    %s
  }
  remote {
    address = %q
    id      = %q
    %s
  }
  child "net" {
    local         = [%q]
    remote        = [%q]
    esp_proposals = [%q]
    %s
  }
}
%s`, cmp.Or(o.ike, "aes256gcm16-prfsha256-x25519"), o.options, cmp.Or(o.id, "moon.example.org"), cmp.Or(o.local, ourProof(o.cert)),
		cmp.Or(o.peer, "10.99.0.2"), cmp.Or(o.peerID, "sun.example.org"), cmp.Or(o.remote, ourTrust(o.cert)),
		cmp.Or(o.localTS, "10.1.0.0/24"), cmp.Or(o.remoteTS, "10.2.0.0/24"), cmp.Or(o.esp, "aes256gcm16"), o.childOptions, cmp.Or(o.rest, ourSecret(&o)))
}

func ourProof(cert string) string {
	if cert == "" {
		return ""
	}
	return fmt.Sprintf("certificate = [\"%s.pem\"]\nkey = \"%[1]s.key\"", cert)
}

func ourTrust(cert string) string {
	if cert == "" {
		return ""
	}
	return `ca = ["ca.pem"]`
}

func ourSecret(o *side) string {
	if o.cert != "" {
		return ""
	}
	return fmt.Sprintf("secret \"site\" {\n psk = %q\n}\n", cmp.Or(o.psk, "failures-need-a-key-that-is-long-enough"))
}

// theirsConf is that of charon.
func (c *failure) theirsConf() string {
	o := c.theirs
	return fmt.Sprintf(`
connections {
  site {
    version = 2
    proposals = %s
    local_addrs = %s
    remote_addrs = %s
    %s
    local {
      id = %s
      %s
    }
    remote {
      id = %s
      %s
    }
    children {
      net {
        local_ts = %s
        remote_ts = %s
        esp_proposals = %s
        %s
      }
    }
  }
}
%s
secrets {
  ike-site {
    secret = %q
  }
  eap-carol {
    id = carol
    secret = "the password of carol"
  }
}
`, cmp.Or(o.ike, "aes256gcm16-prfsha256-x25519"), cmp.Or(o.address, "10.99.0.2"), cmp.Or(o.peer, "10.99.0.1"), o.options,
		cmp.Or(o.id, "sun.example.org"), cmp.Or(o.local, theirProof(o.cert)), cmp.Or(o.peerID, "moon.example.org"), cmp.Or(o.remote, theirTrust(o.cert)),
		cmp.Or(o.localTS, "10.2.0.0/24"), cmp.Or(o.remoteTS, "10.1.0.0/24"), cmp.Or(o.esp, "aes256gcm16"), o.childOptions, o.rest,
		cmp.Or(o.psk, "failures-need-a-key-that-is-long-enough"))
}

func theirProof(cert string) string {
	if cert == "" {
		return "auth = psk"
	}
	return "auth = pubkey\n certs = " + cert + ".pem"
}

func theirTrust(cert string) string {
	if cert == "" {
		return "auth = psk"
	}
	return "auth = pubkey\n cacerts = ca.pem"
}

// lacks lists the words that a text does not have.
func lacks(text string, words []string) []string {
	var missing []string
	for _, w := range words {
		if !strings.Contains(text, w) {
			missing = append(missing, w)
		}
	}
	return missing
}
