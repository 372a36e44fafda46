package api

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/user"
	"slices"
	"strconv"

	"culvert/auth"
	"culvert/config"
)

// An access is who may do what, made of a configuration. It is immutable.
type access struct {
	config *config.API
	users  map[uint32]Role
	groups map[uint32]Role
	roots  *x509.CertPool // of clients over TLS
	lists  []*x509.RevocationList
}

// newAccess looks up users and groups, and checks revocation lists. What cannot be used is left out and told.
func newAccess(c *config.API, socketGroup string) (*access, error) {
	a := &access{config: c, users: map[uint32]Role{0: Administer, uint32(os.Geteuid()): Administer}, groups: map[uint32]Role{}, roots: x509.NewCertPool()}
	var wrong []error
	if socketGroup != "" {
		wrong = append(wrong, grant(a.groups, Operate, groupNumber, socketGroup))
	}
	for _, r := range c.Roles {
		role := roleNamed(r.Name)
		wrong = append(wrong, grant(a.users, role, userNumber, r.Users...), grant(a.groups, role, groupNumber, r.Groups...))
	}
	for _, f := range c.ClientCAs {
		for _, ca := range f.Certificates {
			a.roots.AddCert(ca)
		}
	}
	for _, f := range c.ClientCRLs {
		for _, list := range f.Lists {
			if !signedByOne(list, c.ClientCAs) {
				wrong = append(wrong, fmt.Errorf("%s: no authority of client_ca has signed the revocation list of %s", f.Path, list.Issuer))
				continue
			}
			a.lists = append(a.lists, list)
		}
	}
	return a, errors.Join(wrong...)
}

// roleNamed returns the role of a configured name.
func roleNamed(name string) (r Role) {
	_ = r.UnmarshalText([]byte(name)) // the configuration has no others
	return r
}

// grant gives a role to those whom names stand for, unless they have a higher one already.
func grant(to map[uint32]Role, role Role, number func(string) (string, error), names ...string) error {
	var wrong []error
	for _, name := range names {
		text, err := number(name)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		to[uint32(n)] = max(to[uint32(n)], role)
	}
	return errors.Join(wrong...)
}

func userNumber(name string) (string, error) {
	if _, err := strconv.ParseUint(name, 10, 32); err == nil {
		return name, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return "", err
	}
	return u.Uid, nil
}

func groupNumber(name string) (string, error) {
	if _, err := strconv.ParseUint(name, 10, 32); err == nil {
		return name, nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return "", err
	}
	return g.Gid, nil
}

func signedByOne(list *x509.RevocationList, files []config.CertificateFile) bool {
	return slices.ContainsFunc(files, func(f config.CertificateFile) bool {
		return slices.ContainsFunc(f.Certificates, func(ca *x509.Certificate) bool { return list.CheckSignatureFrom(ca) == nil })
	})
}

// everybody tells whether the Unix socket has to be open to all users, of whom those without a role are refused.
func (a *access) everybody() bool {
	return slices.ContainsFunc(a.config.Roles, func(r *config.Role) bool { return len(r.Users)+len(r.Groups) > 0 })
}

// local returns the role of a process of this host.
func (a *access) local(p peer) Role {
	role := a.users[p.uid]
	for _, g := range p.groups {
		role = max(role, a.groups[g])
	}
	return role
}

// remote returns the role of the owner of a certificate, which is known to be valid.
func (a *access) remote(leaf *x509.Certificate) Role {
	if slices.ContainsFunc(a.lists, func(list *x509.RevocationList) bool { return revoked(leaf, list) }) {
		return Nobody
	}
	role := Nobody
	for _, r := range a.config.Roles {
		if slices.ContainsFunc(r.Clients, func(c config.Client) bool { return c.Is(leaf) }) {
			role = max(role, roleNamed(r.Name))
		}
	}
	return role
}

func revoked(leaf *x509.Certificate, list *x509.RevocationList) bool {
	return string(list.RawIssuer) == string(leaf.RawIssuer) && slices.ContainsFunc(list.RevokedCertificateEntries, func(e x509.RevocationListEntry) bool {
		return e.SerialNumber.Cmp(leaf.SerialNumber) == 0
	})
}

// fromSocket is the caller at the other end of a Unix socket.
func (s *Server) fromSocket(ctx context.Context, c net.Conn) context.Context {
	if b, ok := c.(*boundConn); ok {
		c = b.Conn
	}
	conn, ok := c.(*net.UnixConn)
	if !ok {
		return ctx
	}
	p, err := peerOf(conn)
	if err != nil {
		s.journal.Warn("a client of the management socket is not known", "error", err.Error())
		return ctx
	}
	name := fmt.Sprint("uid ", p.uid)
	return As(ctx, s.known(name, func() Role { return s.access.Load().local(p) }))
}

// fromCertificate is the caller who has shown a certificate.
func (s *Server) fromCertificate(r *http.Request) Caller {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return Caller{}
	}
	leaf := r.TLS.PeerCertificates[0]
	name := "certificate"
	if ids := auth.Identities(leaf); len(ids) > 0 {
		name += " " + ids[0].String()
	}
	return s.known(name, func() Role { return s.access.Load().remote(leaf) })
}

// known makes a caller whose role may change while it is connected.
func (s *Server) known(name string, role func() Role) Caller {
	return Caller{Name: name, Role: role(), again: role}
}
