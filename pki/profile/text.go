package profile

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"path"
	"strings"
)

// swanctl writes a swanctl.conf; certificates and key go into the folders beside it.
func (p Profile) swanctl() []byte {
	var b strings.Builder
	remote := p.networks(", ")
	if remote == "" {
		remote = "0.0.0.0/0, ::/0"
	}
	fmt.Fprintf(&b, "# swanctl/conf.d/%s.conf. Put the authority's certificate into swanctl/x509ca", fileName(p.Name))
	local := fmt.Sprintf("auth = eap-mschapv2\n      eap_id = %q", p.User)
	if p.Certificate != nil {
		fmt.Fprintf(&b, ", yours into swanctl/x509 and its key\n# into swanctl/private")
		local = fmt.Sprintf("auth = pubkey\n      id = %q\n      certs = %q", p.User, fileName(p.User)+".pem")
	}
	fmt.Fprintf(&b, `.
connections {
  %s {
    remote_addrs = %q
    vips = 0.0.0.0, ::
    local {
      %s
    }
    remote {
      auth = pubkey
      id = %q
    }
    children {
      net {
        remote_ts = %s
      }
    }
  }
}
`, fileName(p.Name), p.Server, local, p.RemoteID, remote)
	return []byte(b.String())
}

// PasswordFile is the name of the file in which a culvert.hcl expects the password of a client without certificate.
func (p Profile) PasswordFile() string { return fileName(p.Name) + ".password" }

// culvert writes a culvert.hcl.
func (p Profile) culvert() []byte {
	var networks []string
	for _, n := range p.Networks {
		networks = append(networks, fmt.Sprintf("%q", n))
	}
	if networks == nil {
		networks = []string{`"0.0.0.0/0"`, `"::/0"`}
	}
	name := fileName(p.Name)
	local := fmt.Sprintf("    auth = \"eap\"\n    eap {\n      identity = %q\n      password = file(%q)\n    }\n", p.User, p.PasswordFile())
	if p.Certificate != nil {
		local = fmt.Sprintf("    id          = %q\n    certificate = %q\n    key         = %q\n", p.User, fileName(p.User)+".pem", fileName(p.User)+".key")
	}
	return fmt.Appendf(nil, `# culvert up %s
connection %q {
  local {
%s  }
  remote {
    address = %q
    id      = %q
    ca      = "ca.pem"
  }
  virtual_ips = ["0.0.0.0", "::"]
  child "net" {
    remote = [%s]
  }
}
`, name, name, local, p.Server, p.RemoteID, strings.Join(networks, ", "))
}

// Files returns what has to lie beside a swanctl.conf or culvert.hcl, by name, as PEM. The key is not encrypted.
func (p Profile) Files() (map[string][]byte, error) {
	files := map[string][]byte{"ca.pem": encode("CERTIFICATE", p.CA.Raw)}
	if p.Certificate == nil {
		return files, nil
	}
	files[fileName(p.User)+".pem"] = encode("CERTIFICATE", p.Certificate.Raw)
	der, err := x509.MarshalPKCS8PrivateKey(p.Key)
	files[fileName(p.User)+".key"] = encode("PRIVATE KEY", der)
	return files, err
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// fileName turns a name into one that is safe for files and as the name of a connection.
func fileName(name string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '-'
	}, path.Base(name))
	return strings.TrimLeft(safe, ".-")
}
