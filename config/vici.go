package config

import (
	"errors"
	"path"
	"strings"
)

// VICI says where strongSwan's swanctl and its relatives can manage the daemon.
type VICI struct {
	Origin
	Socket string // path, or SystemdPrefix and a name; empty: nowhere
	Group  string // that may use the socket; empty: only its owner
}

// SystemdPrefix begins the name of a socket that systemd has opened.
const SystemdPrefix = "systemd://"

func (v *VICI) schema() schema {
	return schema{
		kind: "vici", origin: &v.Origin,
		doc: "The interface of strongSwan's daemon, for `swanctl` and all that speaks VICI (docs/vici.md).",
		options: []option{
			{name: "socket", slot: one(&v.Socket, viciSocket()), aka: "charon.plugins.vici.socket",
				doc: "Unix socket of VICI, where `swanctl` looks for it: `/run/charon.vici`; or `systemd://` and the name of a socket that systemd has opened (`FileDescriptorName=`). Empty: there is none."},
			{name: "group", slot: one(&v.Group, word("group name", 32)),
				doc: "Group whose members may use the socket too. Without it only root can. Whoever can use the socket controls every tunnel."},
		},
		finish: func(d *decoder) {
			if v.Group != "" && (v.Socket == "" || strings.HasPrefix(v.Socket, SystemdPrefix)) {
				d.contradiction(&v.Origin, "group", "group says who may use a socket that the daemon opens, and there is none: set socket to a path, or SocketGroup= in the socket unit of systemd")
			}
		},
	}
}

func viciSocket() reader[string] {
	return textual("socket", `a path from the root such as "/run/charon.vici", or "systemd://" and a name`, func(s string) (string, error) {
		if name, ok := strings.CutPrefix(s, SystemdPrefix); ok {
			if checkName(name) != nil {
				return "", errors.New("not the name of a socket of systemd")
			}
			return s, nil
		}
		if !path.IsAbs(s) || len(s) > 107 || strings.ContainsAny(s, "\x00\n") {
			return "", errors.New("not a path from the root of up to 107 octets")
		}
		return path.Clean(s), nil
	}, func(s string) string { return s })
}
