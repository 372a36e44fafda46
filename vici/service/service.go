package service

import (
	"context"
	"log/slog"
	"net"

	"culvert/api"
	"culvert/config"
	"culvert/swanctl/settings"
	"culvert/vici"
)

// A Daemon is what a service drives. All methods are safe for concurrent use. The end of a context ends the wait, not what was
// begun.
type Daemon interface {
	api.Control
	api.Counting
	api.Trapping
	api.Redirecting
	// Configuration is the one in use.
	Configuration() *config.Config
	// Loaded lists the certificates that clients have loaded, beside those that the configuration names.
	Loaded() []Certificate
	// Fetched lists the revocation lists and OCSP answers that were fetched and still count.
	Fetched() []Certificate
	// Load does one of the commands that change or tell what clients have loaded; ok is false for a command that is none of them.
	Load(ctx context.Context, command string, request *settings.Section) (reply *settings.Section, ok bool)
	// Raise brings up the IKE SA of a connection without its children.
	Raise(ctx context.Context, connection string) error
	// CloseSA closes an IKE SA. Forced, it is gone when the context ends, or soon, even if the peer does not answer.
	CloseSA(ctx context.Context, sa api.SA, force bool) error
	// CloseChild closes one child.
	CloseChild(ctx context.Context, sa api.SA, child api.Child) error
	// RekeyChild gives new keys to one child.
	RekeyChild(ctx context.Context, sa api.SA, child api.Child) error
	// Trapped lists the children, as connection and name, whose first packet would bring them up.
	Trapped(ctx context.Context) ([]api.Target, error)
	// Names returns the connection and the child that a client has called a policy; the connection is empty if no client has.
	Names(policy string) (connection, child string)
}

// A Certificate is one that a client has loaded.
type Certificate struct {
	Type   string // X509, X509_AC, X509_CRL, OCSP_RESPONSE or PUBKEY
	Flag   string // of X509: NONE, CA, AA or OCSP
	DER    []byte
	HasKey bool // we have its private key
}

// A Service answers clients.
type Service struct {
	*vici.Server
	daemon   Daemon
	version  string
	services services
}

// New returns the service of a daemon.
func New(daemon Daemon, version string, log *slog.Logger) *Service {
	s := &Service{daemon: daemon, version: version, services: readServices()}
	s.Server = vici.NewServer(s.commands(), eventNames(), log)
	return s
}

// Serve serves the clients of a listener until ctx ends. It closes the listener.
func (s *Service) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.followLog(ctx)
	}()
	err := s.Server.Serve(ctx, l)
	cancel()
	<-ended
	return err
}

// commands are all that there are.
func (s *Service) commands() map[string]vici.Command {
	all := map[string]vici.Command{
		"version": s.versions, "stats": s.stats, "reload-settings": s.reload,
		"initiate": s.initiate, "terminate": s.terminate, "rekey": s.rekey, "redirect": s.redirect, "install": s.install, "uninstall": s.uninstall,
		"list-sas": s.listSAs, "list-policies": s.listPolicies, "list-conns": s.listConns, "list-certs": s.listCerts, "list-authorities": s.listAuthorities,
		"get-algorithms": algorithms, "get-counters": s.counters, "reset-counters": s.resetCounters, "get-pools": s.pools,
	}
	for _, name := range loadCommands() {
		all[name] = s.load
	}
	return all
}

// loadCommands are those that the daemon's Load does.
func loadCommands() []string {
	return []string{
		"load-conn", "unload-conn", "get-conns", "load-cert", "load-key", "unload-key", "get-keys", "load-token", "load-shared", "unload-shared",
		"get-shared", "flush-certs", "clear-creds", "load-authority", "unload-authority", "get-authorities", "load-pool", "unload-pool",
	}
}

func (s *Service) load(ctx context.Context, call *vici.Call) *settings.Section {
	// What a client has asked for is done even if it goes meanwhile, unless it takes waiting for a token.
	reply, ok := s.daemon.Load(ctx, call.Command, call.Request)
	if !ok {
		return vici.Refused("not supported")
	}
	return reply
}

// eventNames are all that there are: those for everybody, and those for who asks.
func eventNames() []string {
	return []string{
		EventLog, EventIKEUpDown, EventIKERekey, EventIKEUpdate, EventChildUpDown, EventChildRekey, EventAlert,
		eventControlLog, eventListSA, eventListPolicy, eventListConn, eventListCert, eventListAuthority,
	}
}

// The events that every client may listen to, and those that answer a command.
const (
	EventLog         = "log"
	EventIKEUpDown   = "ike-updown"
	EventIKERekey    = "ike-rekey"
	EventIKEUpdate   = "ike-update"
	EventChildUpDown = "child-updown"
	EventChildRekey  = "child-rekey"
	EventAlert       = "alert"

	eventControlLog    = "control-log"
	eventListSA        = "list-sa"
	eventListPolicy    = "list-policy"
	eventListConn      = "list-conn"
	eventListCert      = "list-cert"
	eventListAuthority = "list-authority"
)

// result answers a command that has no more to say than whether it went well.
func result(err error) *settings.Section {
	if err != nil {
		return vici.Refused(err.Error())
	}
	return vici.Done()
}
