package daemon

import (
	"context"
	"net/http"
	"net/netip"
	"path"
	"strings"

	"culvert/api"
	"culvert/explain"
	"culvert/ike"
	"culvert/spd"
	"culvert/wire"
)

// Redirect sends clients that match to another gateway, and returns how many it has asked to go (RFC 5685, Section 5).
func (d *Daemon) Redirect(ctx context.Context, r api.Redirection) (int, error) {
	to, err := gatewayOf(r.Gateway)
	if err != nil {
		return 0, err
	}
	match, err := redirectMatch(r)
	if err != nil {
		return 0, err
	}
	sas, _, err := d.engine.snapshot(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, s := range sas {
		if s.Established.IsZero() || !s.Redirectable || !match(&s) {
			continue
		}
		if l := d.engine.shard(s.LocalSPI); l != nil {
			l.box.put(ike.Command{SA: s.LocalSPI, Event: ike.RedirectClient{Gateway: to}})
			n++
		}
	}
	if n == 0 {
		return 0, api.NewProblem(http.StatusNotFound, explain.IKENoSuchSA, "", "there is no client that matches and knows how to be redirected")
	}
	return n, nil
}

// gatewayOf reads an address or a name.
func gatewayOf(s string) (wire.Gateway, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return wire.Gateway{Addr: a.Unmap()}, nil
	}
	g := wire.Gateway{Name: s}
	if _, err := wire.ParseRedirect(wire.Redirect{Gateway: g}.Append(nil)); s == "" || len(s) > 253 || err != nil {
		return g, badRedirect("%q is no gateway: an address or a name", s)
	}
	return g, nil
}

func badRedirect(format string, args ...any) error {
	return api.NewProblem(http.StatusBadRequest, explain.ManageBadRequest, "", format, args...)
}

// redirectMatch makes the condition that all of a redirection's selectors are.
func redirectMatch(r api.Redirection) (func(*ike.SAStatus) bool, error) {
	if r.Connection == "" && r.SA == "" && r.PeerAddress == "" && r.PeerID == "" {
		return nil, badRedirect("a redirection names a connection, an IKE SA, an address or an identity")
	}
	spi, err := parseSPI(r.SA)
	if err != nil {
		return nil, err
	}
	from, to, err := addressRange(r.PeerAddress)
	if err != nil {
		return nil, err
	}
	if _, err := path.Match(r.PeerID, ""); err != nil {
		return nil, badRedirect("%q is no pattern of identities", r.PeerID)
	}
	return func(s *ike.SAStatus) bool {
		addr := s.Path.Remote.Addr().Unmap()
		switch {
		case r.Connection != "" && (s.Connection == nil || s.Connection.Name != r.Connection):
		case spi != 0 && s.LocalSPI != spi:
		case from.IsValid() && (addr.BitLen() != from.BitLen() || addr.Less(from) || to.Less(addr)):
		case r.PeerID != "" && !likeID(r.PeerID, s):
		default:
			return true
		}
		return false
	}, nil
}

// likeID tells whether a peer's identity, in IKE or EAP, fits a pattern with wildcards.
func likeID(pattern string, s *ike.SAStatus) bool {
	ids := []string{s.Remote}
	if p := s.Proof; p != nil {
		ids = append(ids, p.IKEIdentity.String(), p.EAPIdentity)
	}
	for _, id := range ids {
		// A slash is a character like others in identities.
		if ok, _ := path.Match(strings.ReplaceAll(pattern, "/", "\x00"), strings.ReplaceAll(id, "/", "\x00")); ok && id != "" {
			return true
		}
	}
	return false
}

// addressRange reads an address, a prefix, or first-last; of "" both are invalid.
func addressRange(s string) (from, to netip.Addr, err error) {
	first, last, isRange := strings.Cut(s, "-")
	prefix, failed := netip.ParsePrefix(s)
	switch {
	case s == "":
		return from, to, nil
	case failed == nil:
		all := spd.Prefix(prefix)
		return all.Start, all.End, nil
	case !isRange:
		last = first
	}
	from, failed = netip.ParseAddr(strings.TrimSpace(first))
	to, err = netip.ParseAddr(strings.TrimSpace(last))
	if failed != nil || err != nil || from.BitLen() != to.BitLen() || to.Less(from) {
		return from, to, badRedirect("%q is no address, prefix or range", s)
	}
	return from, to, nil
}
