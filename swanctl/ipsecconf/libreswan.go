package ipsecconf

import (
	"slices"
	"strings"

	"culvert/swanctl/settings"
)

// libreswanOptions are options that Libreswan's ipsec.conf has, and no version of strongSwan's.
var libreswanOptions = []string{
	"protostack", "nssdir", "listen-tcp", "virtual-private", "dnssec-enable", "ikev1-policy", "logfile",
	"ikev2", "phase2", "phase2alg", "salifetime", "encapsulation", "narrowing", "ppk", "retransmit-timeout", "retransmit-interval",
	"initial-contact", "ipsec-interface", "enable-tcp", "tcp-remoteport", "failureshunt", "negotiationshunt",
	"leftsubnets", "rightsubnets", "leftaddresspool", "rightaddresspool", "leftckaid", "rightckaid", "leftecdsakey", "rightecdsakey",
	"leftpubkey", "rightpubkey", "leftmodecfgclient", "rightmodecfgclient", "leftmodecfgserver", "rightmodecfgserver",
}

// refuseLibreswan ends the reading of a file of Libreswan's: it looks the same, but its words and defaults mean other things.
func refuseLibreswan(sections []*section) error {
	for _, s := range sections {
		for _, o := range s.options {
			if o.libreswans() {
				return &settings.SyntaxError{Place: o.place, Message: o.name + "=" + o.value + " is of Libreswan, whose ipsec.conf looks like strongSwan's " +
					"and means other things: write the connection anew, docs/other-daemons.md has both sides of one"}
			}
		}
	}
	return nil
}

func (o option) libreswans() bool {
	switch o.name {
	case "auto":
		return slices.Contains([]string{"ondemand", "keep", "up"}, o.value)
	case "authby":
		return strings.HasPrefix(o.value, "rsa-") || strings.HasPrefix(o.value, "ecdsa") && o.value != "ecdsasig"
	case "ike", "esp":
		return strings.ContainsAny(o.value, ";_")
	}
	return slices.Contains(libreswanOptions, o.name)
}
