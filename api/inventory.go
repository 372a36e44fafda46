package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"culvert/config"
	"culvert/explain"
)

// An Inventory is a Control that shows what its configuration and its peers have brought. Its methods are safe for concurrent use.
type Inventory interface {
	// Settings tells what has loaded a connection, and every option of it.
	Settings(ctx context.Context, connection string) (source string, all config.Effective, err error)
	// Policies lists what becomes of traffic, by priority.
	Policies(ctx context.Context) ([]Policy, error)
	// Certificates lists every certificate in use, the one that ends first at the head.
	Certificates(ctx context.Context) ([]Certificate, error)
	// Users lists accounts, and whoever is connected without one here.
	Users(ctx context.Context) ([]User, error)
	// Release has a pool forget whose an address was. One that is in use stays.
	Release(ctx context.Context, pool, address string) error
}

// ConnectionDetail is everything about a connection.
type ConnectionDetail struct {
	ConnectionSum
	Source   string           `json:"source" doc:"What has loaded it: file, swanctl, vici, api"`
	List     []SA             `json:"sas"`
	Settings config.Effective `json:"settings" doc:"Every option as it counts; secrets do not show"`
}

// A Policy says what becomes of traffic.
type Policy struct {
	Name       string   `json:"name" doc:"Of a policy, or office/net for the child of a connection"`
	Action     string   `json:"action" enum:"protect,trap,bypass,discard" doc:"trap: the first packet brings the connection up"`
	Connection string   `json:"connection,omitempty"`
	Child      string   `json:"child,omitempty"`
	SA         string   `json:"sa,omitempty" doc:"Our SPI of the IKE SA whose child protects it"`
	Local      []string `json:"local" doc:"Our side of the traffic"`
	Remote     []string `json:"remote" doc:"The other side of the traffic"`
	Priority   int      `json:"priority" doc:"Higher ones are looked at first"`
}

// CertificateState is where a certificate stands in time.
type CertificateState string

// The states of certificates.
const (
	CertificateValid    CertificateState = "valid"
	CertificateExpiring CertificateState = "expiring" // within 30 days
	CertificateExpired  CertificateState = "expired"
	CertificateFuture   CertificateState = "future" // not valid yet
)

// A Certificate is one that is in use.
type Certificate struct {
	Subject     string           `json:"subject"`
	Issuer      string           `json:"issuer"`
	Names       []string         `json:"names" doc:"Identities that it confirms, but for the subject"`
	Serial      string           `json:"serial" doc:"Hexadecimal"`
	Fingerprint string           `json:"fingerprint" doc:"SHA-256 of it, hexadecimal"`
	Key         string           `json:"key" doc:"Algorithm and size: RSA 3072, ECDSA P-256"`
	CA          bool             `json:"ca"`
	NotBefore   time.Time        `json:"not_before"`
	NotAfter    time.Time        `json:"not_after"`
	DaysLeft    int              `json:"days_left" doc:"Whole days until not_after; negative: since"`
	State       CertificateState `json:"state" enum:"valid,expiring,expired,future"`
	Revocation  string           `json:"revocation" enum:"good,revoked,unknown" doc:"good: whoever was to be asked has said so; unknown: nobody was asked, or nobody knows"`
	Uses        []CertificateUse `json:"uses"`
}

// A CertificateUse is what a certificate is good for.
type CertificateUse struct {
	Role       string `json:"role" enum:"own,ca,intermediate,pinned,peer,api" doc:"own: we show it; peer: a peer has shown it; pinned: the peer must show it; api: of the management interface"`
	Connection string `json:"connection,omitempty"`
	SA         string `json:"sa,omitempty" doc:"Our SPI of the IKE SA in which the peer has shown it"`
	Path       string `json:"path,omitempty" doc:"The file that it is in"`
	HasKey     bool   `json:"has_key" doc:"We have its private key"`
}

// A User is an account, or somebody who has come without one here.
type User struct {
	Name       string        `json:"name"`
	Table      string        `json:"table,omitempty" doc:"Name of the block users; empty: RADIUS or another authority knows the user"`
	Groups     []string      `json:"groups"`
	Disabled   bool          `json:"disabled,omitempty"`
	ValidUntil *time.Time    `json:"valid_until,omitempty"`
	State      string        `json:"state" enum:"online,offline,disabled,expired"`
	Sessions   []UserSession `json:"sessions"`
}

// A UserSession is one connection of a user.
type UserSession struct {
	ID         string    `json:"id,omitempty" doc:"Acct-Session-Id"`
	Connection string    `json:"connection"`
	SA         string    `json:"sa" doc:"Our SPI of the IKE SA"`
	Address    string    `json:"address" doc:"Where the user is"`
	Leases     []string  `json:"leases" doc:"Addresses that we gave"`
	Since      time.Time `json:"since"`
	In         Traffic   `json:"in"`
	Out        Traffic   `json:"out"`
}

type nameInput struct {
	Name string `path:"name" maxLength:"64" doc:"Name of a connection"`
}

type spiInput struct {
	SPI string `path:"spi" maxLength:"16" doc:"Our SPI of an IKE SA, hexadecimal"`
}

type poolInput struct {
	Name string `path:"name" maxLength:"64" doc:"Name of a pool"`
}

type leaseInput struct {
	Name    string `path:"name" maxLength:"64" doc:"Name of a pool"`
	Address string `path:"address" maxLength:"45" doc:"Address that was leased"`
}

type usersInput struct {
	State string `query:"state" enum:"online,offline,disabled,expired" doc:"Only those in this state"`
	Match string `query:"match" maxLength:"128" doc:"Only those whose name or group has this in it; case does not count"`
}

// registerInventory connects the operations on what is there.
func (s *Server) registerInventory(api huma.API) {
	huma.Register(api, writes[ConnectionDetail](api, operation(api, http.MethodGet, "connections/{name}", Read, "Everything about a connection")), s.connection)
	serve(api, operation(api, http.MethodGet, "sas/{spi}", Read, "One IKE SA with its children"), s.oneSA)
	serve(api, operation(api, http.MethodGet, "pools/{name}", Read, "One address pool with its leases"), s.onePool)
	get(api, "policies", "What becomes of traffic", func(ctx context.Context) ([]Policy, error) {
		i, err := capability[Inventory](s)
		if err != nil {
			return nil, err
		}
		return i.Policies(ctx)
	})
	get(api, "certificates", "Every certificate in use, the one that ends first at the head", func(ctx context.Context) ([]Certificate, error) {
		i, err := capability[Inventory](s)
		if err != nil {
			return nil, err
		}
		return i.Certificates(ctx)
	})
	serve(api, operation(api, http.MethodGet, "users", Read, "Accounts and sessions of users"), asking(s, users))
	do(api, operation(api, http.MethodDelete, "pools/{name}/leases/{address}", Operate, "Forget whose an address was, so that anybody may get it"),
		func(ctx context.Context, in *leaseInput) error {
			about(ctx, in.Name+" "+in.Address)
			i, err := capability[Inventory](s)
			if err != nil {
				return err
			}
			return i.Release(ctx, in.Name, in.Address)
		})
}

func (s *Server) connection(ctx context.Context, in *nameInput) (*huma.StreamResponse, error) {
	i, err := capability[Inventory](s)
	if err != nil {
		return nil, noted(ctx, err)
	}
	o, err := s.control.Overview(ctx)
	if err != nil {
		return nil, noted(ctx, err)
	}
	var d ConnectionDetail
	var ok bool
	if d.ConnectionSum, ok = o.connection(in.Name); !ok {
		return nil, noted(ctx, noSuch("connection", in.Name))
	}
	if d.Source, d.Settings, err = i.Settings(ctx, in.Name); err != nil {
		return nil, noted(ctx, err)
	}
	return s.withSAs(d, func(sa *SA) bool { return sa.Connection == in.Name })
}

func (s *Server) oneSA(ctx context.Context, in *spiInput) (found SA, err error) {
	ok := false
	err = s.eachSA(ctx, func(sa *SA) bool {
		if ok = strings.EqualFold(sa.SPI, in.SPI); ok {
			found = *sa
		}
		return ok
	})
	if err == nil && !ok {
		err = noSuch("IKE SA with the SPI", in.SPI)
	}
	return found, err
}

func (s *Server) onePool(ctx context.Context, in *poolInput) (Pool, error) {
	pools, err := s.control.Pools(ctx)
	if err != nil {
		return Pool{}, err
	}
	n := slices.IndexFunc(pools, func(p Pool) bool { return p.Name == in.Name })
	if n < 0 {
		return Pool{}, noSuch("pool", in.Name)
	}
	return pools[n], nil
}

func users(ctx context.Context, i Inventory, in *usersInput) ([]User, error) {
	list, err := i.Users(ctx)
	part := strings.ToLower(in.Match)
	has := func(name string) bool { return strings.Contains(strings.ToLower(name), part) }
	return slices.DeleteFunc(list, func(u User) bool {
		return in.State != "" && u.State != in.State || !has(u.Name) && !slices.ContainsFunc(u.Groups, has)
	}), err
}

func noSuch(kind, name string) *Problem {
	return NewProblem(http.StatusNotFound, explain.ManageNotFound, "", "there is no %s %q", kind, name)
}
