package cli

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"culvert/api"
)

// remote is what the command line says about a daemon on another host.
type remote struct {
	server, cert, key, ca string
	client                *api.Client // nil: the daemon is on this host
}

func (r *remote) flags(root *cobra.Command, getenv func(string) string) {
	f := root.PersistentFlags()
	f.StringVar(&r.server, "server", getenv("CULVERT_SERVER"), "ask the daemon at this address with port, over TLS; also $CULVERT_SERVER")
	f.StringVar(&r.cert, "cert", getenv("CULVERT_CERT"), "our certificate for --server; also $CULVERT_CERT")
	f.StringVar(&r.key, "key", getenv("CULVERT_KEY"), "private key of --cert; also $CULVERT_KEY")
	f.StringVar(&r.ca, "ca", getenv("CULVERT_CA"), "authority that vouches for the daemon's certificate; also $CULVERT_CA")
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return r.open() }
}

// open reads the certificates, if there is a server to ask.
func (r *remote) open() error {
	if r.server == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(r.server); err != nil {
		return usage("--server %s has no port; write it as api.listen has it, such as %s", r.server, net.JoinHostPort(strings.Trim(r.server, "[]"), "4501"))
	}
	if r.cert == "" || r.key == "" || r.ca == "" {
		return usage("--server needs --cert, --key and --ca: both sides show certificates")
	}
	own, err := tls.LoadX509KeyPair(r.cert, r.key)
	if err != nil {
		return usage("--cert and --key: %v", err)
	}
	text, err := os.ReadFile(r.ca)
	if err != nil {
		return usage("--ca: %v", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return usage("--ca %s has no certificate", r.ca)
	}
	r.client = api.NewRemoteClient(r.server, own, roots)
	return nil
}
