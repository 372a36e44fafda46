package service

import (
	"bufio"
	"io"
	"os"
	"strconv"
	"strings"

	"culvert/spd"
)

// services are the names of ports, by "80/tcp".
type services map[string]string

// maxServices bounds what is read of /etc/services.
const maxServices = 1 << 20

// readServices reads the names that the host has for ports; strongSwan shows those in selectors.
func readServices() services {
	f, err := os.Open("/etc/services")
	if err != nil {
		return services{}
	}
	defer f.Close()
	return parseServices(io.LimitReader(f, maxServices))
}

// parseServices reads lines as services(5) has them: name, port and protocol, aliases. The first name of a port counts.
func parseServices(r io.Reader) services {
	names := services{}
	for lines := bufio.NewScanner(r); lines.Scan(); {
		line, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		if _, ok := names[fields[1]]; !ok {
			names[fields[1]] = fields[0]
		}
	}
	return names
}

// selectors shows selectors of an SA as strongSwan prints them.
func (n services) selectors(texts []string) []string {
	list := make([]string, len(texts))
	for i, text := range texts {
		list[i] = text
		if s, err := spd.ParseSelector(text); err == nil {
			list[i] = n.selector(s)
		}
	}
	return list
}

// configured shows selectors of the configuration.
func (n services) configured(selectors []spd.Selector) []string {
	list := make([]string, len(selectors))
	for i, s := range selectors {
		list[i] = n.selector(s)
	}
	return list
}

// selector prints a selector: "10.0.0.0/8[tcp/http]", "10.0.0.1..10.0.0.9", "dynamic".
func (n services) selector(s spd.Selector) string {
	if s.Protocol == 0 && s.AnyPort() {
		return addresses(s)
	}
	protocol := "0"
	if s.Protocol != 0 {
		protocol = protocolName(s.Protocol)
	}
	if s.AnyPort() {
		return addresses(s) + "[" + protocol + "]"
	}
	return addresses(s) + "[" + protocol + "/" + n.ports(s, protocol) + "]"
}

// protocolName is that of protocols(5).
func protocolName(n uint8) string {
	switch n {
	case protocolICMPv6:
		return "ipv6-icmp"
	case protocolMobility:
		return "mobility-header"
	}
	return spd.ProtocolName(n)
}

func addresses(s spd.Selector) string {
	if !s.Start.IsValid() {
		return "dynamic"
	}
	if p, ok := s.IsPrefix(); ok {
		return p.String()
	}
	return s.Start.String() + ".." + s.End.String()
}

// Protocols by their numbers.
const (
	protocolICMP     = 1
	protocolICMPv6   = 58
	protocolMobility = 135
)

func (n services) ports(s spd.Selector, protocol string) string {
	icmp := s.Protocol == protocolICMP || s.Protocol == protocolICMPv6
	switch {
	case s.IsOpaque():
		return "OPAQUE"
	case icmp && s.StartPort == s.EndPort:
		return typeAndCode(s.StartPort)
	case icmp:
		return typeAndCode(s.StartPort) + "-" + typeAndCode(s.EndPort)
	case s.StartPort == s.EndPort:
		return n.port(s.StartPort, protocol)
	}
	return strconv.Itoa(int(s.StartPort)) + "-" + strconv.Itoa(int(s.EndPort))
}

// port is the name of a port; without a protocol, that of TCP.
func (n services) port(port uint16, protocol string) string {
	if protocol == "0" {
		protocol = "tcp"
	}
	if name := n[strconv.Itoa(int(port))+"/"+protocol]; name != "" {
		return name
	}
	return strconv.Itoa(int(port))
}

// typeAndCode prints a type of ICMP, with its code unless that is 0 (RFC 4301, Section 4.4.1.1).
func typeAndCode(n uint16) string {
	if code := n & 0xff; code != 0 {
		return strconv.Itoa(int(n>>8)) + "(" + strconv.Itoa(int(code)) + ")"
	}
	return strconv.Itoa(int(n >> 8))
}
