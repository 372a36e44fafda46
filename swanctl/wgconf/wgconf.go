// Package wgconf reads the configuration of a WireGuard tunnel and writes what its twin in IKEv2 would be.
package wgconf

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
)

// A Tunnel is what wg-quick reads: the interface, and its peers.
type Tunnel struct {
	Address []netip.Prefix
	DNS     []string
	Port    int // 0: any
	Peers   []Peer
	LeftOut []string // lines that mean nothing in IKEv2
}

// A Peer is one of a tunnel.
type Peer struct {
	Endpoint  string // host and port; "": it connects to us
	Allowed   []netip.Prefix
	Keepalive int // seconds
	Preshared bool
}

// Parse reads a configuration of wg-quick. Its errors have the number of the line.
func Parse(text string) (*Tunnel, error) {
	t := new(Tunnel)
	section := ""
	for n, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		name, value, assigned := strings.Cut(line, "=")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		var err error
		switch {
		case line == "":
		case strings.EqualFold(line, "[Interface]"):
			section = "interface"
		case strings.EqualFold(line, "[Peer]"):
			section = "peer"
			t.Peers = append(t.Peers, Peer{})
		case !assigned || section == "":
			err = errors.New("neither section nor option")
		case section == "interface":
			err = t.option(name, value)
		default:
			err = t.Peers[len(t.Peers)-1].option(name, value)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	if len(t.Peers) == 0 {
		return nil, errors.New("there is no peer")
	}
	return t, nil
}

// option reads a line of the interface.
func (t *Tunnel) option(name, value string) (err error) {
	switch name {
	case "address":
		t.Address, err = prefixes(t.Address, value)
	case "dns":
		for s := range strings.SplitSeq(value, ",") {
			t.DNS = append(t.DNS, strings.TrimSpace(s))
		}
	case "listenport":
		t.Port, err = strconv.Atoi(value)
	case "privatekey":
	case "mtu", "table", "fwmark", "saveconfig", "preup", "postup", "predown", "postdown":
		t.LeftOut = append(t.LeftOut, name+" = "+value)
	default:
		err = fmt.Errorf("%q is no option of an interface", name)
	}
	return err
}

// option reads a line of a peer.
func (p *Peer) option(name, value string) (err error) {
	switch name {
	case "publickey":
	case "presharedkey":
		p.Preshared = true
	case "endpoint":
		if p.Endpoint = value; strings.ContainsFunc(value, notInHosts) {
			err = fmt.Errorf("%q is no host and port", value)
		}
	case "allowedips":
		p.Allowed, err = prefixes(p.Allowed, value)
	case "persistentkeepalive":
		if value != "off" {
			p.Keepalive, err = strconv.Atoi(value)
		}
	default:
		err = fmt.Errorf("%q is no option of a peer", name)
	}
	return err
}

// notInHosts tells whether neither names nor addresses of hosts have a character, nor what stands between them and ports.
func notInHosts(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(".-_:%[]", r)
}

// prefixes appends addresses and prefixes with commas between them.
func prefixes(all []netip.Prefix, value string) ([]netip.Prefix, error) {
	for s := range strings.SplitSeq(value, ",") {
		s = strings.TrimSpace(s)
		if !strings.Contains(s, "/") {
			a, err := netip.ParseAddr(s)
			if err != nil {
				return nil, err
			}
			all = append(all, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}
