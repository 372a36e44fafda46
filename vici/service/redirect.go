package service

import (
	"context"
	"net/netip"
	"strings"

	"culvert/api"
	"culvert/swanctl/settings"
	"culvert/vici"
)

// redirect sends peers to another gateway (RFC 5685).
func (s *Service) redirect(ctx context.Context, call *vici.Call) *settings.Section {
	q := call.Request
	r := api.Redirection{Gateway: q.Text("gateway"), Connection: q.Text("ike"), PeerAddress: q.Text("peer-ip"), PeerID: q.Text("peer-id")}
	id := identifier(q, "ike-id")
	switch {
	case r.Gateway == "":
		return vici.Refused("missing target gateway")
	case strings.ContainsAny(r.Gateway, "@="):
		return vici.Refused("unsupported gateway identity")
	case r.PeerAddress != "" && !isNetwork(r.PeerAddress):
		return vici.Refused("invalid peer IP selector")
	case r.Connection == "" && id == 0 && r.PeerAddress == "" && r.PeerID == "":
		return vici.Refused("missing redirect selector")
	}
	matches := 0
	sa, err := s.numbered(ctx, id)
	if err == nil && (id == 0 || sa != "") {
		r.SA = sa
		matches, err = s.daemon.Redirect(ctx, r)
	}
	switch {
	case err != nil && !missing(err):
		return vici.Refused(cut(err.Error()))
	case matches == 0:
		return counted("no matching SAs to redirect found", 0, nil)
	}
	return counted("", matches, nil)
}

// numbered returns our SPI of the IKE SA with a number; nothing if there is none.
func (s *Service) numbered(ctx context.Context, id uint32) (spi string, err error) {
	if id == 0 {
		return "", nil
	}
	status, err := s.daemon.Status(ctx)
	for _, sa := range status.SAs {
		if sa.ID == id {
			return sa.SPI, err
		}
	}
	return "", err
}

// isNetwork tells whether a text is an address, a prefix or a range of addresses.
func isNetwork(text string) bool {
	if first, last, ok := strings.Cut(text, "-"); ok {
		return isAddress(first) && isAddress(last)
	}
	_, err := netip.ParsePrefix(text)
	return err == nil || isAddress(text)
}

func isAddress(text string) bool {
	_, err := netip.ParseAddr(strings.TrimSpace(text))
	return err == nil
}
