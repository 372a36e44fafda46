package config

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"culvert/auth"
	"culvert/explain"
)

// API says who may manage the daemon, and over what.
type API struct {
	Origin
	Listen       []netip.AddrPort // of mutual TLS; empty: none
	Certificates []CertificateFile
	Key          *KeyFile
	ClientCAs    []CertificateFile
	ClientCRLs   []CRLFile
	Web          netip.AddrPort // of the page on loopback; invalid: none
	Session      time.Duration  // without a request after which a session of the page ends
	Roles        []*Role
}

// A Role lists who has it. Its name is one of RoleNames.
type Role struct {
	Origin
	Name    string
	Users   []string // of this host, by name or number
	Groups  []string
	Clients []Client
}

// RoleNames are the roles, the least first.
func RoleNames() []string { return []string{"read", "operate", "administer"} }

// Label returns the name.
func (r *Role) Label() string { return r.Name }

// A Client is whoever shows a certificate: the one with a fingerprint, or any that confirms an identity.
type Client struct {
	Fingerprint []byte // SHA-256 of the certificate; nil: Identity counts
	Identity    auth.Identity
}

const fingerprintPrefix = "sha256:"

// String returns the client as a file has it.
func (c Client) String() string {
	if c.Fingerprint != nil {
		return fingerprintPrefix + hex.EncodeToString(c.Fingerprint)
	}
	return c.Identity.String()
}

// Is reports whether a certificate is the client's.
func (c Client) Is(leaf *x509.Certificate) bool {
	if c.Fingerprint != nil {
		sum := sha256.Sum256(leaf.Raw)
		return bytes.Equal(sum[:], c.Fingerprint)
	}
	return slices.ContainsFunc(auth.Identities(leaf), c.Identity.Matches)
}

func newAPI() *API {
	return &API{Web: netip.MustParseAddrPort("127.0.0.1:4580"), Session: 15 * time.Minute}
}

func (a *API) schema() schema {
	return schema{
		kind: "api", origin: &a.Origin,
		doc: "Management over the network and on a web page, and who may do what. The owner of the Unix socket and root may do everything without it. docs/api.md tells more.",
		options: []option{
			{name: "listen", slot: many(&a.Listen, addressWithPort()), rfc: "RFC 8446",
				doc: "Addresses with ports where the API is served over TLS 1.3 to clients that show a certificate. Empty: none."},
			{name: "certificate", slot: many(&a.Certificates, certificateFile()), doc: "Our certificate for `listen`, then the CAs above it."},
			{name: "key", slot: optional(&a.Key, keyFile()), doc: "Private key of our certificate."},
			{name: "client_ca", slot: many(&a.ClientCAs, certificateFile()),
				doc: "Authorities that vouch for clients of `listen`. Better one that vouches for nobody else: what a client may do, `role` says."},
			{name: "crl", slot: many(&a.ClientCRLs, crlFile()), rfc: "RFC 5280, Section 6.3", doc: "Revocation lists of these authorities. Each is signed by one of them."},
			{name: "web", slot: one(&a.Web, pageAddress()),
				doc: "Loopback address and port of the web page, opened when `culvert web` asks for it; port `0` is any that is free. `\"off\"`: no page there. The Unix socket always has it."},
			{name: "session", slot: one(&a.Session, duration(time.Minute, 12*time.Hour)), doc: "Time without a request after which the page asks for a new `culvert web`. After 12 hours it always does."},
		},
		blocks: []nested{{kind: "role", many: true, open: func() schema { return add(&a.Roles, new(Role)).schema() }}},
		finish: a.finish,
	}
}

func (a *API) finish(d *decoder) {
	d.checkPair(&a.Origin, a.Certificates, a.Key)
	if len(a.Listen) == 0 {
		if useless := a.first("certificate", "key", "client_ca", "crl"); useless != "" {
			d.contradiction(&a.Origin, useless, "it has no effect without listen")
		}
		return
	}
	for _, name := range []string{"certificate", "key", "client_ca"} {
		if !a.Given(name) {
			d.missing(&a.Origin, "api", name, "nobody manages the daemon over the network without certificates on both sides")
		}
	}
	if !slices.ContainsFunc(a.Roles, func(r *Role) bool { return len(r.Clients) > 0 }) {
		d.warn(explain.ConfigUnused, a.span("listen"), finding{message: "no role lists a client: everybody is refused", hint: `add role "read" { clients = ["monitor.example.org"] }`})
	}
}

func (r *Role) schema() schema {
	return schema{
		kind: "role", label: &r.Name, named: "read, operate or administer", origin: &r.Origin,
		doc: "Who may do what: `read` asks for everything but secrets, `operate` brings connections up and down as well, `administer` also changes the configuration, which is as good as being root. Each role includes those before it; of several that fit somebody the highest counts.",
		options: []option{
			{name: "users", slot: many(&r.Users, word("user name", 32)), doc: "Users of this host, by name or number, on the Unix socket. The socket is open to every user then, and refuses those that no role lists."},
			{name: "groups", slot: many(&r.Groups, word("group name", 32)), doc: "Groups of this host, likewise. Members of `daemon.socket_group` that no role lists have the role `operate`."},
			{name: "clients", slot: many(&r.Clients, client()), rfc: "RFC 5280, Section 4.2.1.6",
				doc: "Clients of `listen`, by what their certificates confirm: a name, mail address or subject, `*` as in `remote.id`; or by fingerprint, as `sha256:` with 64 hexadecimal digits."},
		},
		finish: r.finish,
	}
}

func (r *Role) finish(d *decoder) {
	if !slices.Contains(RoleNames(), r.Name) {
		d.report(explain.ConfigBadName, r.block, finding{message: "there is no role " + quote(r.Name), expected: strings.Join(RoleNames(), ", ")})
	}
	for i, c := range r.Clients {
		if c.Fingerprint == nil && c.Identity.IsAny() {
			d.contradiction(&r.Origin, element("clients", i), "that is whoever has a certificate of the authority: name them")
		}
	}
}

func addressWithPort() reader[netip.AddrPort] {
	return textual("address with port", `an address with port such as "192.0.2.1:4501" or "[2001:db8::1]:4501"`, parseAddressWithPort, netip.AddrPort.String)
}

func parseAddressWithPort(s string) (netip.AddrPort, error) {
	a, err := netip.ParseAddrPort(s)
	switch {
	case err != nil:
		return a, fmt.Errorf("%q is no IP address with a port", s)
	case a.Addr().Zone() != "":
		return a, errors.New("an address with a zone has no meaning here")
	case a.Port() == 0:
		return a, errors.New("port 0 is none that clients could know")
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), nil
}

// webOff is the word for no page.
const webOff = "off"

func pageAddress() reader[netip.AddrPort] {
	return textual("loopback address with port", `a loopback address with port such as "127.0.0.1:4580", or "off"`, func(s string) (netip.AddrPort, error) {
		if s == webOff {
			return netip.AddrPort{}, nil
		}
		a, err := netip.ParseAddrPort(s)
		switch {
		case err != nil:
			return a, fmt.Errorf("%q is no IP address with a port", s)
		case !a.Addr().IsLoopback():
			return a, &mistake{message: fmt.Sprintf("%s is no loopback address", a.Addr()), hint: "browsers on other hosts come through listen, with a certificate, or through `ssh -L`"}
		}
		return a, nil
	}, func(a netip.AddrPort) string {
		if !a.IsValid() {
			return webOff
		}
		return a.String()
	})
}

func client() reader[Client] {
	return textual("identity or fingerprint", `a name such as "monitor.example.org", or "sha256:..." with 64 hexadecimal digits`, func(s string) (Client, error) {
		digits, ok := strings.CutPrefix(s, fingerprintPrefix)
		if !ok {
			id, err := auth.ParseIdentity(s)
			return Client{Identity: id}, err
		}
		sum, err := hex.DecodeString(strings.ReplaceAll(digits, ":", ""))
		if err == nil && len(sum) != sha256.Size {
			err = fmt.Errorf("a fingerprint has %d hexadecimal digits", 2*sha256.Size)
		}
		return Client{Fingerprint: sum}, err
	}, Client.String)
}
